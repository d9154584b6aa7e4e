import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import Unavailable
from pbe.storage.workers import Workers


class Mailbox:
    """Stands for the reactor: keeps what threads send until `deliver`."""

    def __init__(self) -> None:
        self.calls: queue.Queue[tuple[Callable[..., Any], tuple[Any, ...]]] = queue.Queue()

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Stand in for callFromThread."""
        self.calls.put((function, args))

    def deliver(self) -> None:
        """Run the next call here."""
        function, args = self.calls.get(timeout=10)
        function(*args)


def test_a_job_runs_elsewhere_and_its_result_comes_back_here() -> None:
    """The function sees another thread; the Deferred fires on the caller's."""
    mailbox = Mailbox()
    workers = Workers(2, mailbox.call, nice=5)
    running = Deferred.fromCoroutine(workers.run(threading.get_ident))
    assert not running.called
    mailbox.deliver()
    results: list[int] = []
    running.addCallback(results.append)
    assert results[0] != threading.get_ident()
    workers.stop()


def test_a_failure_comes_back_as_it_was_raised() -> None:
    """The caller sees the function's own exception."""
    mailbox = Mailbox()
    workers = Workers(1, mailbox.call)
    running = Deferred.fromCoroutine(workers.run(int, "x"))
    mailbox.deliver()
    failures: list[Any] = []
    running.addErrback(failures.append)
    assert failures[0].check(ValueError)
    workers.stop()


def test_the_queue_is_bounded_and_closes() -> None:
    """Beyond the limit, and after `stop`, a job is refused."""
    mailbox = Mailbox()
    workers = Workers(1, mailbox.call, jobs_waiting_max=1)
    running = Deferred.fromCoroutine(workers.run(int))
    with pytest.raises(Unavailable):
        workers.run(int).send(None)
    mailbox.deliver()
    assert running.called
    workers.stop()
    with pytest.raises(Unavailable):
        workers.run(int).send(None)

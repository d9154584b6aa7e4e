"""Threads for what would block the reactor: slow SQL, bcrypt, images, boto3.

`Workers.run(function, *args)` is a coroutine: the function runs on one of a few threads, the result comes back on the
reactor's thread. Nothing here limits what the function itself may take; who calls gives it a deadline.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pbe.errors import Unavailable

T = TypeVar("T")

JOBS_WAITING_MAX = 1000


class Runs(Protocol):
    """Whoever runs a blocking function elsewhere."""

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """The function's result; what it raises is raised."""
        ...


class Workers:
    """At most `threads_max` threads, started as they are needed, each `nice` steps below the reactor where the system
    can do that (Linux).

    call_from_thread: the reactor's callFromThread. `stop()` must be called, and the threads end after their jobs.
    """

    def __init__(
        self,
        threads_max: int,
        call_from_thread: Callable[..., Any],
        *,
        nice: int = 0,
        name: str = "worker",
        jobs_waiting_max: int = JOBS_WAITING_MAX,
    ) -> None:
        self._threads_max = threads_max
        self._call_from_thread = call_from_thread
        self._nice = nice
        self._name = name
        self._jobs_waiting_max = jobs_waiting_max
        self._jobs: queue.SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...], Deferred[Any]] | None]
        self._jobs = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._stopped = False

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """`function(*args)` on a worker; `Unavailable` where too many wait already.

        Cancelling does not stop the function: its result is dropped.
        """
        if self._stopped or self._unfinished >= self._jobs_waiting_max:
            raise Unavailable(cause="the workers' queue is full" if not self._stopped else "the workers have stopped")
        self._unfinished += 1
        if self._unfinished > len(self._threads) and len(self._threads) < self._threads_max:
            self._start_thread()
        done: Deferred[T] = Deferred()
        self._jobs.put((function, args, done))
        return await done

    def stop(self) -> None:
        """No job is taken any more; the threads end once the jobs that they have are done."""
        self._stopped = True
        for _ in self._threads:
            self._jobs.put(None)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        if self._nice:
            # Linux gives each thread its own niceness; elsewhere this would change the whole process.
            with contextlib.suppress(OSError, AttributeError):
                if os.uname().sysname == "Linux":
                    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while (job := self._jobs.get()) is not None:
            function, args, done = job
            result: Any
            try:
                result = function(*args)
            except BaseException:
                result = Failure()  # type: ignore[no-untyped-call]
            self._call_from_thread(self._finish, done, result)
            del job, function, args, done, result

    def _finish(self, done: Deferred[Any], result: Any) -> None:
        self._unfinished -= 1
        if not done.called:
            done.callback(result)

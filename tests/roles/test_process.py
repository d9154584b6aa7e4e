"""A role as a service."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, LogPublisher

from pbe.roles import admins, process
from pbe.roles.values import ConfigError


class FakeReactor:
    """Runs what it is given at once and remembers that it was stopped."""

    def __init__(self) -> None:
        self.stopped = False

    def callWhenRunning(self, function: Any) -> None:
        """It runs."""
        function()

    def stop(self) -> None:
        """Remember."""
        self.stopped = True


class FakeRole:
    """A role that starts, or fails with `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.stopped = False

    async def start(self) -> list[str]:
        """Greet or fail."""
        if self.error is not None:
            raise self.error
        return ["Hello.", "Token: x"]

    async def stop(self) -> None:
        """Remember."""
        self.stopped = True


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """The garbage collector as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses that the process was to end with."""
    statuses: list[int] = []
    monkeypatch.setattr(process, "leave_with", statuses.append)
    return statuses


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the operator was told."""
    lines: list[str] = []
    monkeypatch.setattr(process, "say", lambda line, error=False: lines.append(line))
    return lines


def test_a_role_starts_greets_and_stops(left: list[int], said: list[str]) -> None:
    """The greeting is printed once it serves; the service's end waits for the role's."""
    role, reactor = FakeRole(), FakeReactor()
    service = process.Process(role, reactor, debug=True)
    service.startService()
    assert said == ["Hello.", "Token: x"]
    results: list[Any] = []
    service.stopService().addCallback(results.append)
    assert (role.stopped, results, left, reactor.stopped) == (True, [None], [], False)


def test_a_start_that_fails_is_one_sentence_and_status_1(left: list[int], said: list[str]) -> None:
    """The reactor stops, and the half-started role is stopped by the service's end."""
    role, reactor = FakeRole(ConfigError("Cannot listen on 127.0.0.1:1: taken.")), FakeReactor()
    service = process.Process(role, reactor, debug=True)
    service.startService()
    assert (said, left, reactor.stopped) == (["pbe: Cannot listen on 127.0.0.1:1: taken."], [1], True)
    assert isinstance(service.stopService(), Deferred)
    assert role.stopped


def test_the_log_is_hushed_once_unless_debug_is_asked_for() -> None:
    """Debug lines do not reach the log; what matters does."""
    heard: list[Any] = []
    publisher = LogPublisher(heard.append)
    for _ in range(2):
        process.hush(publisher)
    for level in (LogLevel.debug, LogLevel.info, LogLevel.error):
        publisher({"log_level": level, "log_namespace": "pbe", "log_format": "x"})
    assert [event["log_level"] for event in heard] == [LogLevel.info, LogLevel.error]


def test_an_admin_s_token_is_admin_and_32_characters() -> None:
    """As the documents have it."""
    token = admins.new_token(lambda count: bytes(range(count)))
    assert token == "admin_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
    assert len(token) == len("admin_") + 32


def test_what_the_start_made_is_no_work_for_the_collector(said: list[str]) -> None:
    """It is frozen once the role serves; garbage that comes later is still found."""
    process.Process(FakeRole(), FakeReactor()).startService()
    assert said
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == process.COLLECT_AFTER_OBJECTS
    cycle: list[Any] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() > 0


def test_a_role_that_fails_leaves_the_collector_alone(said: list[str], left: list[int]) -> None:
    """There is nothing to spare it."""
    before = gc.get_threshold()
    process.Process(FakeRole(ConfigError("--dir", "x")), FakeReactor()).startService()
    assert left == [1]
    assert gc.get_threshold() == before

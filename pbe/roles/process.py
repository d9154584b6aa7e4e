"""A role as a Twisted service: it starts, greets the operator, and ends in order.

A start that fails ends the process with one sentence on standard error and exit status 1. SIGTERM (twistd's
`stopService`) drains: the role decides how long that may take.
"""

import atexit
import os
import sys
from pathlib import Path
from typing import Any, Protocol, TextIO

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    globalLogPublisher,
)
from twisted.python.failure import Failure

from pbe.errors import PbeError
from pbe.roles import supervisor
from pbe.roles.config import Config
from pbe.roles.values import ConfigError

_log = Logger()


class Role(Protocol):
    """What one mode does."""

    async def start(self) -> list[str]:
        """Serve; the lines that greet the operator. Raises ConfigError and PbeError where that cannot be."""

    async def stop(self) -> None:
        """Take nothing new, finish what is under way, close everything; also after a start that failed half-way."""


class Process(Service):
    """Runs one role in the reactor."""

    def __init__(self, role: Role, reactor: Any, *, debug: bool = False) -> None:
        self.role = role
        self._debug = debug
        self._reactor = reactor
        self._starting: Deferred[None] | None = None

    def startService(self) -> None:
        """The reactor is about to run: begin."""
        super().startService()  # type: ignore[no-untyped-call]
        if not self._debug:
            hush(globalLogPublisher)
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        self._starting = Deferred.fromCoroutine(self._start())
        self._starting.addErrback(self._failed)

    async def _start(self) -> None:
        for line in await self.role.start():
            say(line)
        supervisor.tell("READY=1")

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, ConfigError | PbeError):
            say(f"pbe: {error}", error=True)
        else:
            _log.failure("the start failed", failure=failure)
            say(f"pbe: The start failed: {error!r}", error=True)
        leave_with(1)
        self._reactor.stop()

    def stopService(self) -> Deferred[None]:
        """End in order; fires when everything is closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        supervisor.tell("STOPPING=1")
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        try:
            await self.role.stop()
        except Exception:
            _log.failure("the end was not in order")
            leave_with(1)


def say(line: str, *, error: bool = False) -> None:
    """Tell the operator: on the terminal (or journal) itself where there is one, else in twistd's log."""
    real = sys.__stderr__ if error else sys.__stdout__
    stream = sys.stderr if error else sys.stdout
    if real is not None and not real.closed and not _is_nowhere(real):
        stream = real
    stream.write(line + "\n")
    stream.flush()


def _is_nowhere(stream: TextIO) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), Path(os.devnull).stat())
    except (OSError, ValueError):
        return True


def hush(publisher: LogPublisher) -> None:
    """Have everyone who listens to the log hear from `info` on: twistd itself would write all levels."""
    predicate = LogLevelFilterPredicate(defaultLogLevel=LogLevel.info)
    for observer in list(publisher._observers):
        if not isinstance(observer, FilteringLogObserver):
            publisher.removeObserver(observer)
            publisher.addObserver(FilteringLogObserver(observer, [predicate]))


def end_broken(reactor: Any, sentence: str) -> None:
    """The process cannot go on without doing harm: say why, and end with status 1."""
    say(f"pbe: {sentence}", error=True)
    leave_with(1)
    if reactor.running:
        reactor.stop()


def leave_with(status: int) -> None:
    """Have the process end with `status`: twistd itself knows only 0 once it runs."""

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    atexit.register(leave)


def service(config: Config) -> Process:
    """The service of the configured mode, on the reactor."""
    from twisted.internet import reactor

    return Process(role(config, reactor), reactor, debug=config.debug)


def role(config: Config, reactor: Any) -> Role:
    """The role of the configured mode; each mode imports only what it runs."""
    if config.rescue:
        from pbe.roles.rescue import RescueRole

        return RescueRole(config, reactor)
    if config.mode == "control-plane":
        from pbe.roles.control import ControlRole

        return ControlRole(config, reactor)
    if config.mode == "tenant-node":
        from pbe.roles.host import NodeRole

        return NodeRole(config, reactor)
    if config.mode == "gateway":
        from pbe.roles.gateway import GatewayRole

        return GatewayRole(config, reactor)
    from pbe.roles.all_in_one import AllInOneRole

    return AllInOneRole(config, reactor)

"""A role as a Twisted service: it starts, greets the operator, and ends in order.

A start that fails ends the process with one sentence on standard error and exit status 1. SIGTERM (twistd's
`stopService`) drains: the role decides how long that may take.
"""

import gc
from typing import Any, Protocol

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
from pbe.roles.console import leave_with, say
from pbe.roles.values import ConfigError

COLLECT_AFTER_OBJECTS = (10_000, 10, 3)
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
        spare_collector()
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


def spare_collector() -> None:
    """Have the garbage collector look at what requests leave behind, seldom, and never at what the start made.

    With the interpreter's own thresholds its rounds over modules and classes took a fifth of a write's time. Cycles
    wait for longer: for 10,000 objects, those that lived through ten rounds for 300,000.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER_OBJECTS)


def hush(publisher: LogPublisher) -> None:
    """Have everyone who listens to the log hear from `info` on: twistd itself would write all levels."""
    predicate = LogLevelFilterPredicate(defaultLogLevel=LogLevel.info)
    for observer in list(publisher._observers):
        if not isinstance(observer, FilteringLogObserver):
            publisher.removeObserver(observer)
            publisher.addObserver(FilteringLogObserver(observer, [predicate]))


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

"""Errands that the control plane hands out with its answers to heartbeats: each is begun once, and its outcome told.

An errand is told with every answer until its outcome has arrived, so a lost answer costs a second, not the errand.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from pbe.errors import PbeError, RequestError, Unavailable
from pbe.host.assignment import Misdirected

CALL_S = 2.0
RETRY_S = 0.5
TRIES_MAX = 20
ERRANDS_MAX = 16
ENDED_MAX = 1000

CarryOut = Callable[[str, Any], Awaitable[dict[str, Any]]]
Call = Callable[[str, Any, float], Awaitable[Any]]
_log = Logger()


class Errands:
    """Runs what `heard` brings and has not begun yet, at most ERRANDS_MAX at a time."""

    def __init__(self, carry_out: CarryOut, call: Call, clock: IReactorTime) -> None:
        self._carry_out = carry_out
        self._call = call
        self._clock = clock
        self._begun: set[str] = set()
        self._ended: dict[str, None] = {}

    def heard(self, told: Any) -> None:
        """The `errands` of an answer to a heartbeat: a list of `{id, name, payload}`."""
        errands = {str(one["id"]): one for one in told or ()}
        for errand_id in sorted(set(errands) - self._begun - set(self._ended)):
            if len(self._begun) < ERRANDS_MAX:
                self._begun.add(errand_id)
                one = errands[errand_id]
                Deferred.fromCoroutine(self._run(errand_id, one["name"], one["payload"])).addErrback(
                    lambda failure: _log.failure("an errand failed", failure=failure)
                )

    async def _run(self, errand_id: str, name: str, payload: Any) -> None:
        outcome: dict[str, Any] = {"id": errand_id}
        try:
            outcome["answer"] = await self._done(name, payload)
        except RequestError as error:
            outcome |= {"kind": type(error).__name__, "message": error.message}
        except Exception as error:
            _log.failure("the errand {name} failed", name=name)
            outcome |= {"kind": "RequestError", "message": f"The node failed: {type(error).__name__}."}
        try:
            await self._tell(outcome)
        finally:
            self._begun.discard(errand_id)
            # An answer that was on its way may tell it once more.
            self._ended[errand_id] = None
            if len(self._ended) > ENDED_MAX:
                del self._ended[next(iter(self._ended))]

    async def _done(self, name: str, payload: Any) -> dict[str, Any]:
        """The errand's answer. That the tenant is ours may be heard a little after the errand."""
        for _ in range(TRIES_MAX):
            try:
                return await self._carry_out(name, payload)
            except Misdirected:
                await self._pause()
        raise Unavailable("The tenant is moving between nodes.")

    async def _tell(self, outcome: dict[str, Any]) -> None:
        for _ in range(TRIES_MAX):
            try:
                await self._call("errand.done", outcome, CALL_S)
                return
            except PbeError as error:
                _log.warn("the outcome of an errand was not taken: {error}", error=str(error))
                await self._pause()

    async def _pause(self) -> None:
        waiting: Deferred[None] = Deferred()
        self._clock.callLater(RETRY_S, waiting.callback, None)
        await waiting

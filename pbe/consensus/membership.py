"""Changes of membership as an operator wants them: add (learn, then vote), remove, hand over."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.consensus.driver import Driver
from pbe.errors import BadRequest, NotFound, OutcomeUnknown, Unavailable
from pbe.raft import Change, ConfigChange
from pbe.raft.config import ADD_LEARNER, ADD_VOTER, REMOVE

POLL_S = 0.05
CAUGHT_UP_ENTRIES_MAX = 100


class Membership:
    """The leader's side of membership; called through `ControlPlane`, which finds the leader."""

    timeout_s = 30.0

    def __init__(self, driver: Driver, clock: IReactorTime) -> None:
        self._driver, self._clock = driver, clock

    async def add(self, payload: Any) -> None:
        """Take the member {id, address} in: a learner until it has caught up, then a voter; ends when it votes."""
        member, address = str(payload["id"]), str(payload["address"])
        core = self._driver.core
        if not member:
            raise BadRequest("A member needs an id")
        if member in core.config.voters:
            return
        if member not in core.config.learners:
            await self._change(Change(ADD_LEARNER, member, address))
        await self._until(lambda: self._caught_up(member), f"{member} has not caught up yet; it stays a learner")
        await self._change(Change(ADD_VOTER, member, address))

    async def remove(self, payload: Any) -> None:
        """Let the member {id} go; ends when the others have agreed."""
        member = str(payload["id"])
        config = self._driver.core.config
        if member not in config.members:
            raise NotFound("There is no such member")
        if config.voters == (member,):
            raise BadRequest("The last voter stays")
        await self._change(Change(REMOVE, member))

    async def transfer(self, payload: Any) -> None:
        """Make {target} the leader; ends when it is."""
        target = str(payload["target"])
        core = self._driver.core
        if target == core.state.id and core.is_leader:
            return
        if target not in core.config.voters:
            raise BadRequest("Only a voter can lead")
        if not core.transfer(target):
            raise Unavailable("There is no leader here")
        self._driver.pump()
        await self._until(lambda: not core.is_leader or not core.state.transferee, "the hand-over takes long")
        if core.is_leader:
            raise Unavailable(f"{target} did not take over")

    async def transfer_away(self, timeout_s: float) -> None:
        """Hand leadership to the voter whose log is furthest."""
        core = self._driver.core
        others = [voter for voter in core.config.voters if voter != core.state.id]
        best = max(others, key=lambda voter: core.state.progress[voter].match)
        if core.transfer(best):
            self._driver.pump()
            await self._until(lambda: not core.is_leader, "nobody took over", timeout_s)

    def _caught_up(self, member: str) -> bool:
        core = self._driver.core
        progress = core.state.progress.get(member)
        return progress is not None and progress.match + CAUGHT_UP_ENTRIES_MAX >= core.log.last and progress.match > 0

    async def _change(self, change: Change) -> None:
        core = self._driver.core
        await self._until(lambda: not core.is_leader or self._try(change), "another change is under way")
        if not core.is_leader:
            raise OutcomeUnknown(cause="the leader has changed")
        index = core.state.pending_config_index
        await self._until(
            lambda: not core.is_leader or (core.log.applied >= index and not core.config.joint),
            "no majority has agreed yet",
        )

    def _try(self, change: Change) -> bool:
        if self._driver.core.propose_change(ConfigChange((change,))):
            return False
        self._driver.pump()
        return True

    async def _until(self, holds: Callable[[], bool], otherwise: str, timeout_s: float = timeout_s) -> None:
        deadline = self._clock.seconds() + timeout_s
        while not holds():
            if self._driver.broken or self._clock.seconds() >= deadline:
                raise OutcomeUnknown(cause=otherwise)
            pause: Deferred[None] = Deferred()
            self._clock.callLater(POLL_S, pause.callback, None)
            await pause

"""Clients of a simulated cluster: they write, swap and read a few registers at any member, and note what they saw."""

from typing import Any

from twisted.internet.defer import Deferred

from pbe.errors import OutcomeUnknown, RequestError, Unavailable
from pbe.fleet import Rejected
from pbe.fleet import commands as c
from tests.sim.history import DONE, NO_EFFECT, READ, REFUSED, SWAP, UNKNOWN, WRITE, History, Operation
from tests.sim.members import Member, SimCluster

KEYS = ("r0", "r1", "r2")
PATIENCE_S = 12.0
INITIAL = 0


class Clients:
    """So many clients, each with one operation at a time; registers are tenants' metadata."""

    def __init__(self, cluster: SimCluster, history: History, count: int, pause_s: float) -> None:
        self._cluster, self._history, self._pause_s = cluster, history, pause_s
        self._count = count
        self._values = 0
        self._seen: dict[str, tuple[int, Any]] = {}
        self.stopped = False
        self.done = 0
        self.hung: list[str] = []

    def start(self) -> None:
        """Make the registers, then begin."""
        Deferred.fromCoroutine(self._prepare())

    async def _prepare(self) -> None:
        for key in KEYS:
            while not await self._create(key):
                await self._cluster.world.sleep(0.3)
        for _ in range(self._count):
            Deferred.fromCoroutine(self._client())

    async def _create(self, key: str) -> bool:
        member = self._pick()
        if member is None or member.plane is None:
            return False
        command = c.TenantCreate(key, f"{key}.localhost", metadata={"v": INITIAL})
        outcome, _ = await self._within(member, member.plane.propose(command, f"create-{key}"))
        return outcome == DONE

    def _pick(self) -> Member | None:
        running = self._cluster.running()
        return self._cluster.world.random.choice(running) if running else None

    async def _client(self) -> None:
        world = self._cluster.world
        while not self.stopped:
            await world.sleep(world.random.expovariate(1 / self._pause_s))
            member = self._pick()
            if member is not None and not self.stopped:
                await self._operate(member)

    async def _operate(self, member: Member) -> None:
        random, plane = self._cluster.world.random, member.plane
        if plane is None:
            return
        key, dice = random.choice(KEYS), random.random()
        operation = Operation(key, READ, self._cluster.world.time)
        self._values += 1
        request_id = f"op-{self._values}"
        command: Any = None
        if dice < 0.45:
            operation.kind, operation.value = WRITE, self._values
            command = c.TenantUpdate(key, metadata={"v": self._values})
        elif dice < 0.6 and key in self._seen:
            revision, expected = self._seen[key]
            operation.kind, operation.value, operation.expected = SWAP, self._values, expected
            command = c.TenantUpdate(key, metadata={"v": self._values}, if_revision=revision)
        self._history.begin(operation)
        work = plane.read() if command is None else plane.propose(command, request_id)
        outcome, result = await self._within(member, work)
        if outcome == DONE and command is None:
            tenant = result.tenants.rows[key]
            operation.value = tenant.metadata["v"]
            self._seen[key] = (tenant.revision, operation.value)
        elif outcome == DONE:
            self._seen[key] = (result.revision, operation.value)
        operation.outcome = outcome
        if outcome != UNKNOWN:
            operation.ended = self._cluster.world.time
        self.done += outcome == DONE

    async def _within(self, member: Member, work: Any) -> tuple[str, Any]:
        """The outcome of the work; a member that dies takes the answer along."""
        answer: Deferred[tuple[str, Any]] = Deferred()
        clock, world = member.clock, self._cluster.world

        def late() -> None:
            if not answer.called:
                if clock is not None and clock.alive and clock is member.clock:
                    self.hung.append(f"{world.time:.3f} an operation at {member.name} has no answer")
                answer.callback((UNKNOWN, None))

        world.later(PATIENCE_S, late)

        def ended(result: Any) -> None:
            if not answer.called:
                answer.callback(_outcome(result))

        Deferred.fromCoroutine(work).addBoth(ended)
        return await answer


def _outcome(result: Any) -> tuple[str, Any]:
    error = getattr(result, "value", None) if hasattr(result, "getErrorMessage") else None
    if error is None:
        return DONE, result
    if isinstance(error, Rejected):
        return REFUSED, error
    if isinstance(error, OutcomeUnknown):
        return UNKNOWN, error
    if isinstance(error, Unavailable | RequestError):
        return NO_EFFECT, error
    raise error

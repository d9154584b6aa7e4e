"""A control plane of one member without log, disk or time: commands are applied as they are proposed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pbe.errors import RequestError, Unavailable
from pbe.fleet import Event, Fleet, Rejected
from pbe.fleet.commands import encode_entry


class FakePlane:
    """Real state machine, no consensus. `failing`: what propose raises, with nothing applied."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        self.proposed: list[Any] = []
        self.failing: RequestError | None = None
        self.leader = "cp-1"
        self.is_leader = True
        self.other: FakePlane | None = None
        self.reads = 0
        self.listeners: list[Callable[[int, Sequence[Event] | None], None]] = []
        self.kept: list[Event] = []
        self.served: dict[str, Callable[[Any], Awaitable[Any]]] = {}

    async def propose(self, command: Any, request_id: str = "", audit_actor: str = "") -> Any:
        """Apply the command at once."""
        if self.failing is not None:
            raise self.failing
        self.proposed.append(command)
        applied = self.fleet.apply(encode_entry(command, request_id, 1_700_000_000_000, audit_actor))
        self.kept += applied.events
        for listener in list(self.listeners):
            if applied.events:
                listener(self.fleet.revision, applied.events)
        if isinstance(applied.result, Rejected):
            raise applied.result
        return applied.result

    def watch(self, revision: int, listener: Callable[[int, Sequence[Event] | None], None]) -> Callable[[], None]:
        """Tell everything after the revision, then what happens."""
        missed = [event for event in self.kept if event.revision > revision]
        if revision == 0:
            listener(self.fleet.revision, None)
        elif missed:
            listener(self.fleet.revision, missed)
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def read(self) -> Fleet:
        """The only state there is."""
        self.reads += 1
        return self.fleet

    def serve(self, method: str, handler: Callable[[Any], Awaitable[Any]]) -> None:
        """Remember the handler."""
        self.served[method] = handler

    async def ask_leader(self, method: str, payload: Any, timeout_s: float = 1.0) -> Any:
        """Ask the other member, if a test has put one there."""
        if self.other is None:
            raise Unavailable("There is no leader.")
        return await self.other.served[method](payload)

    def status(self) -> dict[str, Any]:
        """A healthy single member."""
        return {"leader": self.leader, "term": 1, "commit": 1, "applied": 1, "members": [{"id": "cp-1"}]}

"""A control plane of one member without log, disk or time: commands are applied as they are proposed."""

from typing import Any

from pbe.errors import RequestError
from pbe.fleet import Fleet, Rejected
from pbe.fleet.commands import encode_entry


class FakePlane:
    """Real state machine, no consensus. `failing`: what the next propose raises after it was applied, or before."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        self.proposed: list[Any] = []
        self.failing: RequestError | None = None
        self.leader = "cp-1"
        self.reads = 0

    async def propose(self, command: Any, request_id: str = "", audit_actor: str = "") -> Any:
        """Apply the command at once."""
        if self.failing is not None:
            raise self.failing
        self.proposed.append(command)
        result = self.fleet.apply(encode_entry(command, request_id, 1_700_000_000_000, audit_actor)).result
        if isinstance(result, Rejected):
            raise result
        return result

    async def read(self) -> Fleet:
        """The only state there is."""
        self.reads += 1
        return self.fleet

    def status(self) -> dict[str, Any]:
        """A healthy single member."""
        return {"leader": self.leader, "term": 1, "commit": 1, "applied": 1, "members": [{"id": "cp-1"}]}

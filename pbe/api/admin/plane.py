"""What the platform's API needs of the control plane; `consensus.ControlPlane` gives it, and tests' fakes."""

from collections.abc import Mapping
from typing import Any, Protocol

from pbe.fleet import Fleet


class Plane(Protocol):
    """The replicated state behind the API."""

    @property
    def fleet(self) -> Fleet:
        """The state as this member knows it, perhaps a little old."""

    async def propose(self, command: Any, request_id: str = "", audit_actor: str = "") -> Any:
        """The command's result once it is committed; raises Rejected, Unavailable, OutcomeUnknown."""

    async def read(self) -> Fleet:
        """The state with every command that was acknowledged before the call; to be used before the next await."""

    def status(self) -> dict[str, Any]:
        """Leader, term, commit, members, as this member knows them; never waits."""


class Pulse(Protocol):
    """What nobody keeps in the log: heartbeats and load. `cluster` has it."""

    async def nodes(self) -> Mapping[str, Mapping[str, Any]]:
        """By node, as far as they are known: `cached_tenants`, `last_heartbeat`, `resources`."""

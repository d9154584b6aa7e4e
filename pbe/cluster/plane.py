"""What `cluster` needs of the control plane; `consensus.ControlPlane` gives it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from pbe.fleet import Event, Fleet

#: Told (revision, events) after commands that changed something; (revision, None): read the whole state anew.
Listener = Callable[[int, Sequence[Event] | None], None]


class Plane(Protocol):
    """The replicated state, as one member has it."""

    @property
    def fleet(self) -> Fleet:
        """The state as this member knows it."""

    @property
    def is_leader(self) -> bool:
        """Whether this member is the leader, as far as it knows."""

    async def propose(self, command: Any, request_id: str = "", audit_actor: str = "") -> Any:
        """The command's result once it is committed; raises Rejected, Unavailable, OutcomeUnknown."""

    def watch(self, revision: int, listener: Listener) -> Callable[[], None]:
        """Tell the listener everything after `revision` (0: everything, anew), in order; the result stops it.

        What is known already is told before the call returns.
        """

    def serve(self, method: str, handler: Callable[[Any], Awaitable[Any]]) -> None:
        """Answer `ask_leader(method, …)` of any member while this one leads."""

    async def ask_leader(self, method: str, payload: Any, timeout_s: float = 1.0) -> Any:
        """The answer of the leader's handler, wherever the leader is; raises Unavailable, or the handler's refusal."""

"""Commands on their way: handed to the leader, wherever it is, until this member itself has applied them.

Theory of operation. A command waits here under its request id until the machine reports its outcome. It is handed over
as often as the leader changes or stays silent; the state remembers request ids, so that none has a second effect.

    waiting --leader known--> handed over --applied here--> answered
       |                         |   ^
       |                         +---+ leader changed, or silent for resend_s
       +--deadline: Unavailable  +--deadline: OutcomeUnknown
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.errors import OutcomeUnknown, Unavailable

PROPOSALS_WAITING_MAX = 10_000
DEADLINE_S = 5.0
RESEND_S = 0.5
REFUSED_RESEND_S = 0.1


class Proposal:
    """One command: its bytes, who waits, until when, and whether the leader may have it."""

    __slots__ = ("data", "deadline", "handed_at", "handed_once", "request_id", "waiters")

    def __init__(self, request_id: str, data: bytes, deadline: float) -> None:
        self.request_id, self.data, self.deadline = request_id, data, deadline
        self.handed_at = -1.0
        self.handed_once = False
        self.waiters: list[Deferred[Any]] = []


class Proposals:
    """The commands that wait at this member, oldest first."""

    def __init__(self, clock: IReactorTime, *, waiting_max: int = PROPOSALS_WAITING_MAX) -> None:
        self._clock = clock
        self._waiting_max = waiting_max
        self._by_id: dict[str, Proposal] = {}
        self.fresh: list[Proposal] = []

    def __len__(self) -> int:
        return len(self._by_id)

    def submit(self, request_id: str, data: bytes, timeout_s: float = DEADLINE_S) -> Deferred[Any]:
        """Wait for the outcome of the command; one with a request id that waits already joins it."""
        deferred: Deferred[Any] = Deferred()
        proposal = self._by_id.get(request_id)
        if proposal is None:
            if len(self._by_id) >= self._waiting_max:
                raise Unavailable("Too many commands are waiting", cause="proposals_waiting_max")
            proposal = Proposal(request_id, data, self._clock.seconds() + timeout_s)
            self._by_id[request_id] = proposal
            self.fresh.append(proposal)
        proposal.waiters.append(deferred)
        return deferred

    def take_fresh(self) -> list[Proposal]:
        """The commands to be handed over now, oldest first; whoever cannot puts them back."""
        fresh, self.fresh = self.fresh, []
        return [proposal for proposal in fresh if proposal.request_id in self._by_id]

    def handed(self, proposals: list[Proposal]) -> None:
        """These may be in the leader's log from now on."""
        now = self._clock.seconds()
        for proposal in proposals:
            proposal.handed_at, proposal.handed_once = now, True

    def outcome(self, request_id: str, result: Any) -> None:
        """The command was applied here, with this result."""
        proposal = self._by_id.pop(request_id, None)
        if proposal is not None:
            for waiter in proposal.waiters:
                waiter.callback(result)

    def again(self) -> None:
        """The leader has changed: hand everything over once more."""
        self.fresh = list(self._by_id.values())

    def refused_there(self) -> None:
        """The member asked does not lead, or is handing over: ask again, but not at once, or two members would only
        play ball until the leader is found.
        """
        at = self._clock.seconds() - RESEND_S + REFUSED_RESEND_S
        for proposal in self._by_id.values():
            proposal.handed_at = min(proposal.handed_at, at)

    def refuse(self, proposals: list[Proposal], why: str) -> None:
        """The leader has no room: nothing of this was appended now; one handed over before may still be committed."""
        for proposal in proposals:
            self._fail(proposal, lambda: Unavailable("The control plane is overloaded", cause=why))

    def expire(self) -> None:
        """Give up what has waited too long; hand over again what the leader has not answered."""
        now = self._clock.seconds()
        fresh = {proposal.request_id for proposal in self.fresh}
        for proposal in list(self._by_id.values()):
            if proposal.deadline <= now:
                self._fail(proposal, lambda: Unavailable("There is no leader now", cause="deadline"))
            elif proposal.request_id not in fresh and proposal.handed_at + RESEND_S <= now:
                self.fresh.append(proposal)

    def _fail(self, proposal: Proposal, certain: Callable[[], Exception]) -> None:
        self._by_id.pop(proposal.request_id, None)
        for waiter in proposal.waiters:
            waiter.errback(OutcomeUnknown(cause=proposal.request_id) if proposal.handed_once else certain())

    def close(self) -> None:
        """The member stops."""
        for proposal in list(self._by_id.values()):
            self._fail(proposal, lambda: Unavailable("This member is stopping"))

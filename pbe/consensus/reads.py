"""Linearizable reads on their way: a number for all of one turn, an index from the leader, then the log up to it."""

from collections.abc import Iterable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.errors import Unavailable

READS_WAITING_MAX = 50_000
DEADLINE_S = 3.0
RESEND_S = 0.2


class _Round:
    __slots__ = ("asked_at", "deadline", "index", "waiters")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.asked_at = -1.0
        self.index = -1
        self.waiters: list[Deferred[None]] = []


class Reads:
    """Reads that wait at this member; those of one turn of the reactor share a round.

    first: where numbers begin; a member that starts anew must begin elsewhere, or a late answer to a question from
    before would count for a new one.
    """

    def __init__(self, clock: IReactorTime, *, first: int = 0, waiting_max: int = READS_WAITING_MAX) -> None:
        self._clock = clock
        self._waiting_max = waiting_max
        self._rounds: dict[int, _Round] = {}
        self._joining = 0
        self._number = first
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def submit(self) -> Deferred[None]:
        """Fires once this member has applied everything that was acknowledged before now."""
        if self._count >= self._waiting_max:
            raise Unavailable("Too many reads are waiting", cause="reads_waiting_max")
        if not self._joining:
            self._joining = self._number = self._number + 1
            self._rounds[self._joining] = _Round(self._clock.seconds() + DEADLINE_S)
        deferred: Deferred[None] = Deferred()
        self._rounds[self._joining].waiters.append(deferred)
        self._count += 1
        return deferred

    def to_ask(self) -> list[int]:
        """The numbers to ask the leader for now; closes the round that reads could join."""
        self._joining = 0
        now = self._clock.seconds()
        return [
            number
            for number, waiting in self._rounds.items()
            if waiting.index < 0 and (waiting.asked_at < 0 or waiting.asked_at + RESEND_S <= now)
        ]

    def asked(self, number: int) -> None:
        """The leader was asked."""
        self._rounds[number].asked_at = self._clock.seconds()

    def again(self, numbers: Iterable[int] | None = None) -> None:
        """The question was lost, or (None) the leader has changed: ask once more."""
        for number in list(self._rounds) if numbers is None else numbers:
            waiting = self._rounds.get(number)
            if waiting is not None and waiting.index < 0:
                waiting.asked_at = -1.0

    def answered(self, answers: Iterable[tuple[int, int]]) -> None:
        """The leader's answers: (number, index to have applied)."""
        for number, index in answers:
            waiting = self._rounds.get(number)
            if waiting is not None:
                waiting.index = index

    def applied(self, index: int) -> None:
        """Everything up to `index` is applied here."""
        done = [number for number, waiting in self._rounds.items() if 0 <= waiting.index <= index]
        for number in done:
            waiting = self._rounds.pop(number)
            self._count -= len(waiting.waiters)
            for waiter in waiting.waiters:
                waiter.callback(None)

    def expire(self) -> None:
        """Give up what has waited too long: a read may always be repeated."""
        now = self._clock.seconds()
        self._give_up([number for number, waiting in self._rounds.items() if waiting.deadline <= now])

    def close(self) -> None:
        """The member stops."""
        self._give_up(list(self._rounds))

    def _give_up(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if number == self._joining:
                self._joining = 0
            waiting = self._rounds.pop(number)
            self._count -= len(waiting.waiters)
            for waiter in waiting.waiters:
                waiter.errback(Unavailable("The control plane has no leader that a majority follows", cause="read"))

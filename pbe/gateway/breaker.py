"""A circuit breaker per node: after failures in a row, a pause in which the node is not asked at all."""

from collections.abc import Callable

from pbe.errors import Unavailable

FAILURES_MAX = 5
PAUSE_S_MIN = 1.0
PAUSE_S_MAX = 15.0


class Breaker:
    """closed → (FAILURES_MAX in a row) → open for a pause → one request tries → closed, or open twice as long.

    Only connections that fail count; what a node answers, a 500 too, is the node's own business.
    """

    __slots__ = ("_failures", "_now", "_open_until", "_pause_s", "_trying")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failures = 0
        self._open_until = 0.0
        self._pause_s = PAUSE_S_MIN
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether requests are refused now."""
        return self._failures >= FAILURES_MAX and (self._trying or self._now() < self._open_until)

    def enter(self, subject: str) -> None:
        """Before a request. Raises `Unavailable` while open; in the end lets one through."""
        if self._failures < FAILURES_MAX:
            return
        left_s = self._open_until - self._now()
        if left_s > 0 or self._trying:
            raise Unavailable(retry_after_s=max(1, round(left_s)), cause=f"the circuit to {subject} is open")
        self._trying = True

    def succeeded(self) -> None:
        """The node answered."""
        self._failures = 0
        self._pause_s = PAUSE_S_MIN
        self._trying = False

    def failed(self) -> None:
        """The node could not be reached."""
        self._failures += 1
        if self._trying:
            self._pause_s = min(self._pause_s * 2, PAUSE_S_MAX)
        self._trying = False
        if self._failures >= FAILURES_MAX:
            self._open_until = self._now() + self._pause_s

    def gave_up(self) -> None:
        """The request went away before it was known whether the node answers."""
        self._trying = False

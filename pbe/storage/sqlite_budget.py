"""How long a statement may take on the reactor's thread, and which statements are known to take longer.

Theory of operation. A statement runs under a deadline on the wall clock, which costs next to nothing to read. One
that passed it is a suspect: the machine may only have been busy with something else. A suspect runs under a budget of
CPU time, which neighbours cannot use up; where it stays within it is forgotten, where not it is slow, and goes to a
worker at once for SLOW_S, after which it is a suspect again. A statement may pass its deadline without being
interrupted, for one long opcode or function cannot be; that is noticed at its end.
"""

import time
from math import inf

SLOW_S = 5.0
KNOWN_MAX = 256
_SUSPECT = 0.0


class Budget:
    """`inline_s` for each statement of one connection; one statement at a time."""

    __slots__ = ("_cpu_deadline", "_deadline", "_inline_s", "_known")

    def __init__(self, inline_s: float) -> None:
        self._inline_s = inline_s
        self._deadline = inf
        self._cpu_deadline = inf
        self._known: dict[str, float] = {}

    def admits(self, sql: str) -> bool:
        """Whether the statement may run here; its time begins now."""
        now = time.monotonic()
        known = self._known.get(sql)
        if known is None:
            self._deadline = now + self._inline_s
            return True
        if known > now:
            return False
        self._deadline = inf
        self._cpu_deadline = time.thread_time() + self._inline_s
        return True

    def over(self) -> bool:
        """Whether the time of the running statement is up: its progress handler."""
        if self._cpu_deadline == inf:
            return time.monotonic() > self._deadline
        return time.thread_time() > self._cpu_deadline

    def ended(self, sql: str, *, interrupted: bool = False) -> None:
        """The statement has ended, or was interrupted at its deadline."""
        if self._cpu_deadline == inf:
            if interrupted or time.monotonic() > self._deadline:
                self._know(sql, _SUSPECT)
            return
        if interrupted or time.thread_time() > self._cpu_deadline:
            self._know(sql, time.monotonic() + SLOW_S)
        else:
            self._known.pop(sql, None)
        self._cpu_deadline = inf

    def lift(self) -> None:
        """No limit from here on: a transaction begins."""
        self._deadline = self._cpu_deadline = inf

    def _know(self, sql: str, until: float) -> None:
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[sql] = until

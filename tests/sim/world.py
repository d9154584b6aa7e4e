"""Simulated time: one heap of events, and clocks of members that drift and jump."""

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

EVENTS_MAX = 400_000


class Storm(Exception):
    """Members keep each other busy for ever."""


class Timer:
    """A call to come; an IDelayedCall as far as members need one."""

    __slots__ = ("call", "done", "time")

    def __init__(self, time: float, call: Callable[[], Any]) -> None:
        self.time, self.call, self.done = time, call, False

    def cancel(self) -> None:
        """Never call."""
        self.done = True

    def active(self) -> bool:
        """Whether the call is still to come."""
        return not self.done


class World:
    """Everything of one run comes from `random`; the same seed gives the same run to the bit."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.time = 0.0
        self.events = 0
        self._heap: list[tuple[float, int, Timer]] = []
        self._number = 0

    def later(self, delay: float, call: Callable[..., Any], *args: Any) -> Timer:
        """Call after `delay` seconds of the world."""
        timer = Timer(self.time + max(0.0, delay), lambda: call(*args))
        self._number += 1
        heapq.heappush(self._heap, (timer.time, self._number, timer))
        return timer

    def sleep(self, delay: float) -> Deferred[None]:
        """Fires after `delay` seconds."""
        deferred: Deferred[None] = Deferred()
        self.later(delay, deferred.callback, None)
        return deferred

    def run_until(self, time: float) -> None:
        """Let everything happen up to then."""
        heap = self._heap
        while heap and heap[0][0] <= time:
            self.time, _, timer = heapq.heappop(heap)
            if not timer.done:
                timer.done = True
                self.events += 1
                if self.events > EVENTS_MAX:
                    raise Storm(f"more than {EVENTS_MAX} events by {self.time:.3f} s: somebody never falls silent")
                timer.call()
        self.time = time


@implementer(IReactorTime)
class MemberClock:
    """A member's clock: runs at its own rate, jumps, and calls nothing any more once the member is dead."""

    def __init__(self, world: World, rate: float) -> None:
        self._world, self.rate, self.offset = world, rate, 0.0
        self.alive = True

    def seconds(self) -> float:
        """What the clock shows."""
        return self._world.time * self.rate + self.offset

    def callLater(self, delay: float, call: Callable[..., Any], *args: Any, **named: Any) -> Timer:
        """Call after `delay` seconds of this clock, if the member lives then."""
        # Real time moves on between two turns; a delay that rounding would swallow must not stop it here.
        delay = max(delay, 1e-6) if delay > 0 else 0.0
        return self._world.later(delay / self.rate, self._fire, call, args, named)

    def _fire(self, call: Callable[..., Any], args: Any, named: Any) -> None:
        if self.alive:
            call(*args, **named)

    def getDelayedCalls(self) -> list[Timer]:
        """Nobody asks."""
        return []

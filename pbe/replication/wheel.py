"""One timer for all databases of a node: due times are rounded up to ticks, and nothing is set while nothing is due."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Wheel:
    """Calls back at or shortly after a time; at most one timer of the reactor is pending."""

    def __init__(self, clock: IReactorTime, tick_s: float) -> None:
        self._clock = clock
        self._tick_s = tick_s
        self._slots: dict[int, list[Callable[[], None]]] = {}
        self._timer: IDelayedCall | None = None
        self._timer_slot = 0

    def at(self, moment_s: float, callback: Callable[[], None]) -> None:
        """Calls `callback` once, at the first tick from `moment_s` of the reactor's clock on."""
        slot = ceil(moment_s / self._tick_s)
        self._slots.setdefault(slot, []).append(callback)
        self._arm(slot)

    def after(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Calls `callback` once, `delay_s` from now or a tick later."""
        self.at(self._clock.seconds() + delay_s, callback)

    def stop(self) -> None:
        """Nothing pending is called any more."""
        self._slots.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __len__(self) -> int:
        return sum(len(callbacks) for callbacks in self._slots.values())

    def _arm(self, slot: int) -> None:
        if self._timer is not None and slot >= self._timer_slot:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_slot = slot
        self._timer = self._clock.callLater(max(0.0, slot * self._tick_s - self._clock.seconds()), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        # The comparison allows for a clock that is a hair early after the division and back.
        due = sorted(slot for slot in self._slots if slot * self._tick_s <= now + self._tick_s / 100)
        for slot in due:
            for callback in self._slots.pop(slot, ()):
                callback()
        # A callback may have set a later slot than some that still wait.
        if self._slots:
            self._arm(min(self._slots))

"""Rate limits: the first rule that a request's labels match, and a fixed window per rule and client.

A window starts with a client's first request and lasts the rule's `duration` seconds. Counters live in memory: they are
gone when the tenant is evicted or its settings change, as the stock server's are when it restarts.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

ALL, GUEST, AUTH = "", "@guest", "@auth"
CLIENTS_MAX = 20_000
"""Windows kept per tenant; past it those that ended are dropped first, then the oldest."""
IDLE_S = 1800
"""How long after its end a window is kept, so that cleaning is rare."""


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `requests_max` requests in `window_s` seconds, for those of `audience`."""

    label: str
    audience: str
    window_s: int
    requests_max: int


@dataclass(slots=True)
class _Window:
    started: int
    window_s: int
    left: int


class RateLimits:
    """One tenant's rules and windows. `find` is pure; `allow` counts. on_first: called once, when counting begins."""

    __slots__ = ("_prefixes", "_windows", "on_first", "rules")

    def __init__(self, rules: Iterable[dict[str, Any]]) -> None:
        self.rules = [Rule(r["label"], r["audience"], r["duration"], r["maxRequests"]) for r in rules]
        self._prefixes = [rule for rule in self.rules if rule.label.endswith("/")]
        self._windows: dict[tuple[str, str], _Window] = {}
        self.on_first: Callable[[], None] | None = None

    def find(self, labels: Sequence[str], *, authenticated: bool) -> Rule | None:
        """The rule for the most important of `labels`: an equal label before a prefix, each in the rules' order."""
        audiences = (ALL, AUTH) if authenticated else (ALL, GUEST)
        for label in labels:
            for rule in self.rules:
                if rule.label == label and rule.audience in audiences:
                    return rule
            for rule in self._prefixes:
                if rule.audience in audiences and (label + "/").startswith(rule.label):
                    return rule
        return None

    def allow(self, limiter: str, rule: Rule, client: str, now: float) -> bool:
        """Count one request of `client` (an address) against the `rule`; False when its window is used up."""
        on_first, self.on_first = self.on_first, None
        if on_first is not None:
            on_first()
        key, second = (limiter, client), int(now)
        window = self._windows.get(key)
        if window is None:
            self._make_room(second)
            window = self._windows[key] = _Window(0, rule.window_s, 0)
        if second - window.started >= window.window_s:
            window.started, window.left = second, rule.requests_max
        if window.left <= 0:
            return False
        window.left -= 1
        return True

    def clean(self, now: float) -> None:
        """Forget windows that ended more than IDLE_S ago."""
        kept = {key: w for key, w in self._windows.items() if now - (w.started + w.window_s) <= IDLE_S}
        self._windows = kept

    def _make_room(self, second: int) -> None:
        if len(self._windows) < CLIENTS_MAX:
            return
        live = {key: w for key, w in self._windows.items() if second - w.started < w.window_s}
        excess = len(live) - CLIENTS_MAX * 3 // 4
        self._windows = dict(list(live.items())[max(excess, 0) :])

    def __len__(self) -> int:
        return len(self._windows)

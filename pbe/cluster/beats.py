"""Heartbeats: kept in the leader's memory, never in the log, and what they say of a node's health.

Theory of operation. A node is alive while its lease runs: LEASE_S from its last heartbeat, as heard here. The node
itself counts from when it sent, so its own lease always ends first. A node that is alive is degraded after
DEGRADE_BEATS heartbeats over a limit, and healthy again after RECOVER_BEATS under the lower one: load that swings
around a limit does not make the status swing. A leader that has just been elected has heard nobody: it grants everyone
GRACE_S first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEASE_S = 3.0
GRACE_S = 5.0
CPU_MAX = 0.80
CPU_BACK = 0.75
DISK_MAX = 0.85
DISK_BACK = 0.82
DEGRADE_BEATS = 3
RECOVER_BEATS = 5
NODES_MAX = 10_000


@dataclass(slots=True)
class Beat:
    """The last heartbeat of a node. heard_s: on the leader's clock; wall_s: seconds since the epoch."""

    heard_s: float
    wall_s: float
    payload: Mapping[str, Any] = field(default_factory=dict)
    over: int = 0
    under: int = 0
    degraded: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A node's status as its heartbeats have it, and why."""

    status: str
    reason: str = ""


class Beats:
    """What each node said last. Promises nothing to a member that is not the leader: nobody speaks to it."""

    def __init__(self) -> None:
        self._beats: dict[str, Beat] = {}
        self._since_s = float("-inf")

    def begin(self, now_s: float) -> None:
        """Begin to lead: forget what was heard before, grant everyone the grace period."""
        self._beats.clear()
        self._since_s = now_s

    def heard(self, node_id: str, payload: Mapping[str, Any], now_s: float, wall_s: float) -> None:
        """A heartbeat arrived."""
        beat = self._beats.get(node_id)
        if beat is None:
            if len(self._beats) >= NODES_MAX:
                return
            beat = self._beats[node_id] = Beat(now_s, wall_s)
        beat.heard_s, beat.wall_s, beat.payload = now_s, wall_s, payload
        _count(beat)

    def forget(self, node_id: str) -> None:
        """The node was removed."""
        self._beats.pop(node_id, None)

    def get(self, node_id: str) -> Beat | None:
        """The last heartbeat of a node."""
        return self._beats.get(node_id)

    def verdict(self, node_id: str, now_s: float) -> Verdict | None:
        """What the heartbeats say of the node now; None while nothing can be said (the grace period)."""
        beat = self._beats.get(node_id)
        if beat is None:
            if now_s < self._since_s + GRACE_S:
                return None
            return Verdict("down", "no heartbeat since this leader was elected")
        if now_s >= beat.heard_s + LEASE_S:
            if now_s < self._since_s + GRACE_S:
                return None
            return Verdict("down", f"no heartbeat for {LEASE_S:g} s")
        if beat.degraded:
            return Verdict("degraded", beat.reason)
        return Verdict("healthy")


def usage(payload: Mapping[str, Any]) -> dict[str, float]:
    """A node's load by resource, 0.0-1.0, as far as its heartbeat tells it."""
    resources = payload.get("resources")
    if not isinstance(resources, Mapping):
        return {}
    shares = {"cpu": _number(resources, "cpu_usage")}
    for name in ("memory", "disk"):
        total = _number(resources, f"{name}_total")
        shares[name] = _number(resources, f"{name}_usage") / total if total > 0 else 0.0
    return {name: min(max(share, 0.0), 1.0) for name, share in shares.items()}


def _number(resources: Mapping[str, Any], name: str) -> float:
    value = resources.get(name, 0)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _count(beat: Beat) -> None:
    shares = usage(beat.payload)
    cpu, disk = shares.get("cpu", 0.0), shares.get("disk", 0.0)
    if cpu > CPU_MAX or disk > DISK_MAX:
        beat.over, beat.under = beat.over + 1, 0
        if beat.over >= DEGRADE_BEATS:
            beat.degraded = True
            beat.reason = f"cpu {cpu:.0%}" if cpu > CPU_MAX else f"disk {disk:.0%}"
    elif cpu <= CPU_BACK and disk <= DISK_BACK:
        beat.over, beat.under = 0, beat.under + 1
        if beat.under >= RECOVER_BEATS:
            beat.degraded = False
    else:
        beat.over = beat.under = 0

"""Which node gets a tenant: from the rules, the nodes and their loads alone, so the same question has the same answer.

No clock, no chance, nothing kept between calls: `random` spreads by a hash of tenant and node.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from pbe.fleet.records import AffinityRule, Node, Placement, Tenant

LASTING = frozenset({"healthy", "degraded"})


@dataclass(slots=True)
class Seat:
    """One node as a place for tenants: its record, how many it has, how many of them in each zone's eyes, its load.

    load: 0.0-1.0 for cpu, memory and disk, as far as they are known. `tenants` is counted up by `Hall.take`.
    """

    node: Node
    tenants: int
    load: Mapping[str, float] = field(default_factory=dict)

    def fullness(self) -> float:
        """How much of the node is in use, 0.0-1.0 and more: its scarcest resource, the average as a fine tie-break."""
        shares = [self.tenants / self.node.capacity, *self.load.values()]
        return max(shares) + sum(shares) / len(shares) / 1000


@dataclass(frozen=True, slots=True)
class Decision:
    """A tenant and the node it gets, with the reason in words."""

    tenant_id: str
    node_id: str
    reason: str


class Hall:
    """All nodes as seats for a run of decisions; each decision counts in the next.

    last_resort: a client waits, so a degraded node, which takes no new tenants, does where no healthy one can.
    """

    def __init__(self, rules: Placement, seats: Iterable[Seat], *, last_resort: bool = False) -> None:
        self._rules = rules
        self._seats = [seat for seat in seats if seat.node.status in LASTING and not seat.node.draining]
        self._last_resort = last_resort

    def choose(self, tenant: Tenant, *, avoid: str = "") -> Decision | None:
        """The node for the tenant, not `avoid`; None where no node may take it. Counts it as taken."""
        allowed = [seat for seat in self._seats if seat.node.id != avoid and self._admits(seat, tenant.id)]
        healthy = [seat for seat in allowed if seat.node.status == "healthy"]
        allowed = healthy if healthy or not self._last_resort else allowed
        roomy = [seat for seat in allowed if seat.tenants < self._limit(seat) - self._rules.min_free_capacity]
        headroom = not roomy
        chosen = self._nearest(roomy or allowed, tenant)
        if not chosen:
            return None
        seat = min(chosen, key=lambda one: self._rank(one, tenant))
        reason = self._reason(seat, len(self._seats), headroom)
        seat.tenants += 1
        return Decision(tenant.id, seat.node.id, reason)

    def _limit(self, seat: Seat) -> int:
        return min(seat.node.capacity, self._rules.max_tenant_per_node)

    def _admits(self, seat: Seat, tenant_id: str) -> bool:
        if seat.tenants >= self._limit(seat):
            return False
        wanted = [rule for rule in self._rules.anti_affinity if rule.attract and _matches(rule, tenant_id)]
        if wanted and not any(_carries(seat.node, rule) for rule in wanted):
            return False
        return not any(
            not rule.attract and _matches(rule, tenant_id) and _carries(seat.node, rule)
            for rule in self._rules.anti_affinity
        )

    def _nearest(self, seats: Sequence[Seat], tenant: Tenant) -> Sequence[Seat]:
        """The seats in the tenant's region, and with prefer_same_zone in its zone, where there are any."""
        if not tenant.region:
            return seats
        near = [seat for seat in seats if tenant.region in (seat.node.region, seat.node.zone)]
        if self._rules.prefer_same_zone:
            near = [seat for seat in near if seat.node.zone == tenant.region] or near
        return near or seats

    def _rank(self, seat: Seat, tenant: Tenant) -> tuple[float | int | str, ...]:
        node = seat.node
        if self._rules.strategy == "random":
            return (int.from_bytes(blake2b(f"{tenant.id}\0{node.id}".encode(), digest_size=8).digest(), "big"), node.id)
        if self._rules.strategy == "zone-aware":
            zone = sum(other.tenants for other in self._seats if other.node.zone == node.zone)
            size = sum(other.node.capacity for other in self._seats if other.node.zone == node.zone)
            return (zone / size, seat.fullness(), node.id)
        return (seat.fullness(), node.id)

    def _reason(self, seat: Seat, nodes: int, headroom: bool) -> str:
        words = [f"{self._rules.strategy} of {nodes} nodes", f"{seat.tenants} of {self._limit(seat)} tenants"]
        words += [f"{name} {share:.0%}" for name, share in sorted(seat.load.items())]
        if headroom:
            words.append("within the headroom kept for failover")
        return ", ".join(words)


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _matches(rule: AffinityRule, tenant_id: str) -> bool:
    return _pattern(rule.tenant_pattern).search(tenant_id) is not None


def _carries(node: Node, rule: AffinityRule) -> bool:
    return all(node.labels.get(name) == value for name, value in rule.node_labels.items())


def rebalance(rules: Placement, seats: Iterable[Seat], tenants: Iterable[Tenant], moves_max: int) -> list[Decision]:
    """At most `moves_max` moves that even the nodes out: each from the fullest node to the one that would be chosen.

    A move is proposed only where it makes the fullest of both clearly less full, so a run of proposals comes to rest.
    """
    by_node: dict[str, list[Tenant]] = {}
    for tenant in sorted(tenants, key=lambda one: one.id):
        by_node.setdefault(tenant.node_id, []).append(tenant)
    hall = sorted(seats, key=lambda seat: seat.node.id)
    moves: list[Decision] = []
    while len(moves) < moves_max:
        move = _one_move(rules, hall, by_node)
        if move is None:
            break
        moves.append(move)
    return moves


def _one_move(rules: Placement, seats: list[Seat], by_node: dict[str, list[Tenant]]) -> Decision | None:
    fullest = max(seats, key=lambda seat: (seat.tenants / seat.node.capacity, seat.node.id), default=None)
    if fullest is None:
        return None
    for tenant in by_node.get(fullest.node.id, ()):
        trial = [Seat(seat.node, seat.tenants, seat.load) for seat in seats]
        decision = Hall(rules, trial).choose(tenant, avoid=fullest.node.id)
        if decision is None:
            continue
        target = next(seat for seat in seats if seat.node.id == decision.node_id)
        if (target.tenants + 1) / target.node.capacity >= (fullest.tenants - 1) / fullest.node.capacity:
            continue
        fullest.tenants -= 1
        target.tenants += 1
        by_node[fullest.node.id].remove(tenant)
        by_node.setdefault(target.node.id, []).append(tenant)
        return decision
    return None

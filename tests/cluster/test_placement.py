"""Which node gets a tenant."""

import collections

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pbe.cluster.placement import Hall, Seat, rebalance
from pbe.fleet.records import AffinityRule, Node, Placement, Tenant

FREE = Placement(min_free_capacity=0)


def seat(name: str, tenants: int = 0, load: dict[str, float] | None = None, **fields: object) -> Seat:
    """A node of capacity 10."""
    return Seat(Node(name, name, **{"capacity": 10, **fields}), tenants, load or {})  # type: ignore[arg-type]


def tenant(name: str = "t", region: str = "", node_id: str = "") -> Tenant:
    """A tenant to place."""
    return Tenant(name, f"{name}.localhost", region=region, node_id=node_id)


def chosen(rules: Placement, seats: list[Seat], who: Tenant | None = None, avoid: str = "") -> str:
    """The id of the chosen node, "" for none."""
    decision = Hall(rules, seats).choose(who or tenant(), avoid=avoid)
    return "" if decision is None else decision.node_id


def test_the_least_loaded_node_is_chosen() -> None:
    """Fewest tenants, then the first by name; the scarcest resource counts, not the sum."""
    assert chosen(FREE, [seat("a", 3), seat("b", 2), seat("c", 2)]) == "b"
    assert chosen(FREE, [seat("a", 0, {"cpu": 0.9}), seat("b", 5, {"cpu": 0.1})]) == "b"
    assert chosen(FREE, [seat("a", 0, {"disk": 0.4, "cpu": 0.4, "memory": 0.4}), seat("b", 5)]) == "a"


def test_only_healthy_nodes_take_tenants() -> None:
    """Degraded, draining, down and full nodes do not, nor the one that is avoided."""
    seats = [
        seat("a", status="degraded"),
        seat("b", status="down"),
        seat("c", status="draining"),
        seat("d", draining=True),
        seat("e", 10),
        seat("f"),
    ]
    assert chosen(FREE, seats, avoid="f") == ""
    assert chosen(FREE, seats) == "f"


def test_a_degraded_node_is_the_last_resort_of_a_waiting_client() -> None:
    """Only who would otherwise be refused gets a degraded node, and never one that is down or draining."""
    degraded = [seat("a", status="degraded"), seat("b", status="down"), seat("c", draining=True)]
    decision = Hall(FREE, degraded, last_resort=True).choose(tenant())
    assert decision is not None
    assert decision.node_id == "a"
    decision = Hall(FREE, [*degraded, seat("f", 9)], last_resort=True).choose(tenant())
    assert decision is not None
    assert decision.node_id == "f"


def test_headroom_is_kept_but_no_cut_off() -> None:
    """A node with free slots beyond the headroom is preferred; without one the headroom is used up, and said so."""
    rules = Placement(min_free_capacity=2)
    assert chosen(rules, [seat("a", 8), seat("b", 7, {"cpu": 0.99})]) == "b"
    decision = Hall(rules, [seat("a", 9)]).choose(tenant())
    assert decision is not None
    assert "headroom" in decision.reason
    assert chosen(rules, [seat("a", 10)]) == ""


def test_the_rules_limit_what_the_node_would_take() -> None:
    """The smaller of max_tenant_per_node and the node's capacity holds."""
    assert chosen(Placement(min_free_capacity=0, max_tenant_per_node=3), [seat("a", 3)]) == ""


def test_zone_aware_evens_zones_out() -> None:
    """The zone with the lower share of its capacity in use comes first."""
    rules = Placement(strategy="zone-aware", min_free_capacity=0)
    seats = [seat("a", 4, zone="x"), seat("b", 4, zone="x"), seat("c", 5, zone="y"), seat("d", 0, zone="x")]
    assert chosen(rules, seats) == "d"
    seats[3].tenants = 8
    assert chosen(rules, seats) == "c"


def test_a_tenant_goes_to_its_region_where_there_is_room() -> None:
    """The region is preferred, not demanded."""
    seats = [seat("a", 9, region="eu"), seat("b", 0, region="us")]
    assert chosen(FREE, seats, tenant(region="eu")) == "a"
    assert chosen(FREE, seats, tenant(region="asia")) == "b"


def test_affinity_and_anti_affinity() -> None:
    """Tenants whose id matches keep off labelled nodes, or keep to them."""
    rule = AffinityRule("^big-", {"disk": "hdd"})
    seats = [seat("a", 0, labels={"disk": "hdd"}), seat("b", 5)]
    assert chosen(msgspec.structs.replace(FREE, anti_affinity=(rule,)), seats, tenant("big-1")) == "b"
    assert chosen(msgspec.structs.replace(FREE, anti_affinity=(rule,)), seats, tenant("small")) == "a"
    seats = [seat("a", 5, labels={"disk": "hdd"}), seat("b", 0)]
    attract = msgspec.structs.replace(rule, attract=True)
    assert chosen(msgspec.structs.replace(FREE, anti_affinity=(attract,)), seats, tenant("big-1")) == "a"
    assert chosen(msgspec.structs.replace(FREE, anti_affinity=(attract,)), seats[1:], tenant("big-1")) == ""


def test_random_spreads_and_repeats() -> None:
    """The same tenant always goes to the same node, many tenants go everywhere."""
    rules = msgspec.structs.replace(FREE, strategy="random")
    where = [chosen(rules, [seat("a"), seat("b"), seat("c")], tenant(f"t{number}")) for number in range(300)]
    assert where == [chosen(rules, [seat("c"), seat("a"), seat("b")], tenant(f"t{number}")) for number in range(300)]
    assert all(count > 60 for count in collections.Counter(where).values())


@given(st.lists(st.integers(0, 10), min_size=1, max_size=6), st.integers(0, 40))
def test_many_decisions_never_overfill_and_stay_even(counts: list[int], tenants: int) -> None:
    """Each decision counts in the next: the dumb twin is to give the next tenant to the emptiest node."""
    seats = [seat(f"n{number}", count) for number, count in enumerate(counts)]
    hall = Hall(FREE, seats)
    twin = list(counts)
    for number in range(tenants):
        decision = hall.choose(tenant(f"t{number}"))
        least = min(twin)
        if least == 10:
            assert decision is None
            continue
        assert decision is not None
        assert decision.node_id == f"n{twin.index(least)}"
        twin[twin.index(least)] += 1


@given(st.lists(st.integers(0, 10), min_size=1, max_size=5), st.integers(0, 30))
def test_rebalancing_is_bounded_and_comes_to_rest(counts: list[int], moves_max: int) -> None:
    """At most the moves asked for; afterwards no node is fuller than before, and with enough moves all are even."""
    seats = [seat(f"n{number}", count) for number, count in enumerate(counts)]
    tenants = [
        tenant(f"t{node}-{number}", node_id=f"n{node}") for node, count in enumerate(counts) for number in range(count)
    ]
    moves = rebalance(FREE, seats, tenants, moves_max)
    assert len(moves) <= moves_max
    after = [one.tenants for one in seats]
    assert sum(after) == sum(counts)
    assert max(after) <= max(counts)
    if len(moves) < moves_max:
        assert max(after) - min(after) <= 2
        assert rebalance(FREE, seats, [], 10) == []

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import NotFound, StoreError, Unavailable
from pbe.host.assignment import Misdirected
from pbe.host.host import DRAIN_S_MAX, IDLE_S_MAX, QUIET_S_MAX, SWEEP_S
from pbe.host.room import WAITING_REQUESTS_MAX
from tests.kit.host_fakes import Node
from tests.kit.sqlite_bench import outcome


def held(node: Node, text: str) -> Deferred[None]:
    """A Deferred that requests with this text wait for."""
    node.held[text] = gate = Deferred()
    return gate


def test_the_first_request_loads_the_tenant(tmp_path: Path) -> None:
    """Restore all, open, attach all with the epoch, then answer."""
    node = Node(tmp_path, "acme")
    assert outcome(node.ask("acme")) == "acme: hello"
    assert node.replicator.log == [
        *(f"restore acme/{name}" for name in ("data.db", "auxiliary.db", "hooks.db")),
        *(f"attach acme/{name} 1 async" for name in ("data.db", "auxiliary.db", "hooks.db")),
    ]
    assert outcome(node.ask("acme", "again")) == "acme: again"
    assert node.opened == ["acme"]


def test_an_active_tenant_is_reached_without_suspending(tmp_path: Path) -> None:
    """The fast path costs no turn of the reactor."""
    node = Node(tmp_path, "acme")
    outcome(node.ask("acme"))
    with pytest.raises(StopIteration):
        node.host.tenant("acme").send(None)


def test_however_many_wait_there_is_one_load(tmp_path: Path) -> None:
    """All requests that come while the tenant loads are answered by it."""
    node = Node(tmp_path, "acme")
    node.replicator.gate = Deferred()
    waiting = [node.ask("acme", str(number)) for number in range(50)]
    assert not any(deferred.called for deferred in waiting)
    node.replicator.gate.callback(None)
    node.turn()
    assert [outcome(deferred) for deferred in waiting] == [f"acme: {number}" for number in range(50)]
    assert node.opened == ["acme"]


def test_who_waits_for_a_load_is_bounded(tmp_path: Path) -> None:
    """The request beyond the limit is refused at once."""
    node = Node(tmp_path, "acme")
    node.replicator.gate = Deferred()
    node.host.tenant("acme").send(None)
    for _ in range(WAITING_REQUESTS_MAX - 1):
        node.host.tenant("acme").send(None)
    with pytest.raises(Unavailable):
        node.host.tenant("acme").send(None)


def test_a_failed_load_is_everybodys_error_and_is_tried_again(tmp_path: Path) -> None:
    """While the store is away loads fail; afterwards the next request loads."""
    node = Node(tmp_path, "acme")
    node.replicator.away = True
    node.replicator.gate = Deferred()
    waiting = [node.ask("acme"), node.ask("acme")]
    node.replicator.gate.callback(None)
    node.replicator.gate = None
    node.turn()
    for deferred in waiting:
        with pytest.raises(StoreError):
            outcome(deferred)
    node.replicator.away = False
    assert outcome(node.ask("acme")) == "acme: hello"


def test_a_tenant_of_another_node_is_misdirected(tmp_path: Path) -> None:
    """The gateway hears 421; a request without a tenant is not found."""
    node = Node(tmp_path, "acme")
    with pytest.raises(Misdirected):
        outcome(node.ask("other"))
    with pytest.raises(NotFound):
        outcome(node.ask(""))


def test_without_a_live_lease_nothing_is_served(tmp_path: Path) -> None:
    """A node that lost the control plane refuses, loaded tenants too."""
    node = Node(tmp_path, "acme")
    outcome(node.ask("acme"))
    node.assignments.alive = False
    with pytest.raises(Unavailable):
        outcome(node.ask("acme"))
    node.assignments.alive = True
    assert outcome(node.ask("acme")) == "acme: hello"


def test_a_full_node_evicts_the_least_used(tmp_path: Path) -> None:
    """The third tenant of two places takes that of the one idle longest, after a last flush."""
    node = Node(tmp_path, "a", "b", "c", tenants_max=2)
    outcome(node.ask("a"))
    node.pass_s(10)
    outcome(node.ask("b"))
    node.pass_s(10)
    assert outcome(node.ask("c")) == "c: hello"
    assert node.host.heartbeat()["tenants"] == ["b", "c"]
    leaving = [entry for entry in node.replicator.log if entry.startswith(("durable", "detach"))]
    assert leaving == [
        *(f"durable a/{name}" for name in ("data.db", "auxiliary.db", "hooks.db")),
        *(f"detach a/{name}" for name in ("data.db", "auxiliary.db", "hooks.db")),
    ]


def test_a_node_whose_places_are_all_in_use_refuses_the_next(tmp_path: Path) -> None:
    """A running request or an open stream keeps its tenant."""
    node = Node(tmp_path, "a", "b", tenants_max=1)
    gate = held(node, "slow")
    running = node.ask("a", "slow")
    with pytest.raises(Unavailable):
        outcome(node.ask("b"))
    gate.callback(None)
    outcome(running)
    assert outcome(node.ask("b")) == "b: hello"


def test_an_idle_tenant_leaves_after_half_an_hour_but_not_with_a_stream(tmp_path: Path) -> None:
    """The sweep evicts what nobody used; a stream is use."""
    node = Node(tmp_path, "a", "b")
    outcome(node.ask("a"))
    outcome(node.start(node.host.tenant("b"))).streams = 1
    node.pass_s(int(IDLE_S_MAX - SWEEP_S - 1))
    assert node.host.heartbeat()["cached_tenants"] == 2
    node.pass_s(int(2 * SWEEP_S))
    assert node.host.heartbeat()["tenants"] == ["b"]


def test_eviction_waits_for_running_requests_and_new_ones_load_anew(tmp_path: Path) -> None:
    """A request that arrives while its tenant leaves is held, not failed."""
    node = Node(tmp_path, "a")
    gate = held(node, "slow")
    running = node.ask("a", "slow")
    evicting = node.start(node.host.evict("a"))
    late = node.ask("a", "late")
    assert not evicting.called
    assert not late.called
    gate.callback(None)
    node.turn()
    assert outcome(running) == "a: slow"
    assert outcome(evicting) is True
    assert outcome(late) == "a: late"
    assert node.opened == ["a", "a"]


def test_eviction_does_not_wait_for_ever(tmp_path: Path) -> None:
    """A request that never ends keeps its tenant for QUIET_S_MAX."""
    node = Node(tmp_path, "a")
    held(node, "stuck")
    stuck = node.ask("a", "stuck")
    evicting = node.start(node.host.evict("a"))
    node.pass_s(int(QUIET_S_MAX + 1))
    assert outcome(evicting) is True
    node.held["stuck"].callback(None)
    assert outcome(stuck) == "a: stuck"


def test_a_tenant_whose_commits_cannot_be_shipped_stays(tmp_path: Path) -> None:
    """While the store is away nobody leaves, and loaded tenants serve on."""
    node = Node(tmp_path, "a")
    outcome(node.ask("a"))
    node.replicator.away = True
    assert outcome(node.start(node.host.evict("a"))) is False
    assert outcome(node.ask("a")) == "a: hello"
    node.replicator.away = False
    assert outcome(node.start(node.host.evict("a"))) is True


def test_a_tenant_taken_over_is_dropped_without_a_flush(tmp_path: Path) -> None:
    """The replicator's word ends it at once; nothing of it is shipped."""
    node = Node(tmp_path, "a")
    outcome(node.ask("a"))
    node.replicator.on_lost["a"]()
    node.turn()
    assert node.host.heartbeat()["tenants"] == []
    assert node.replicator.log[-3:] == [
        f"detach a/{name} unflushed" for name in ("data.db", "auxiliary.db", "hooks.db")
    ]
    del node.assignments.epochs["a"]
    with pytest.raises(Misdirected):
        outcome(node.ask("a"))


def test_a_tenant_lost_while_it_loads_does_not_stay(tmp_path: Path) -> None:
    """The loss is remembered until the load is complete."""
    node = Node(tmp_path, "a")
    node.replicator.gate = Deferred()
    waiting = node.ask("a")
    node.host.lost("a")
    node.replicator.gate.callback(None)
    node.replicator.gate = None
    node.turn()
    assert "detach a/data.db unflushed" in node.replicator.log
    outcome(waiting)


def test_draining_lets_all_go_and_takes_none(tmp_path: Path) -> None:
    """After SIGTERM: flushed, closed, and new requests are refused."""
    node = Node(tmp_path, "a", "b", "c")
    outcome(node.ask("a")), outcome(node.ask("b"))
    draining = node.start(node.host.drain())
    outcome(draining)
    assert sum(entry.startswith("detach") for entry in node.replicator.log) == 6
    with pytest.raises(Unavailable):
        outcome(node.ask("c"))
    assert node.host.heartbeat()["status"] == "draining"


def test_draining_ends_in_time_with_the_store_away(tmp_path: Path) -> None:
    """What cannot be shipped is closed all the same: the local files keep it."""
    node = Node(tmp_path, "a")
    held(node, "stuck")
    node.ask("a", "stuck")
    node.replicator.away = True
    draining = node.start(node.host.drain())
    node.pass_s(int(DRAIN_S_MAX + 1))
    outcome(draining)
    assert node.replicator.log[-1] == "detach a/hooks.db unflushed"
    node.held["stuck"].callback(None)


def test_the_heartbeat_tells_what_the_node_has(tmp_path: Path) -> None:
    """Capacity, active within the last minute, in memory, ids and the machine."""
    node = Node(tmp_path, "a", "b", tenants_max=7, resources=lambda: {"cpu_cores": 2})
    outcome(node.ask("a"))
    node.pass_s(61)
    outcome(node.ask("b"))
    assert node.host.heartbeat() == {
        "node_id": "node_1",
        "status": "healthy",
        "capacity": 7,
        "active_tenants": 1,
        "cached_tenants": 2,
        "tenants": ["a", "b"],
        "resources": {"cpu_cores": 2},
    }

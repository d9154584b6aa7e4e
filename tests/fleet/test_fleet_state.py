"""The state as a whole: determinism, idempotence, snapshots, hash, indexes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe.errors import InvariantBroken
from pbe.fleet import Fleet, Rejected
from pbe.fleet import commands as c
from pbe.fleet.requests import Requests
from pbe.fleet.state import State
from pbe.fleet.tables import HASH_BITS
from tests.fleet.kit import Bench

_ids = st.sampled_from(["a", "b", "c", "d"])
_nodes = st.sampled_from(["n1", "n2", "n3"])
_commands = st.one_of(
    st.builds(c.TenantCreate, _ids, _ids.map(lambda i: f"{i}.localhost"), owner=st.sampled_from(["", "u"])),
    st.builds(c.TenantUpdate, _ids, plan=st.sampled_from(["pro", "x"]), domain=_ids.map(lambda i: f"{i}.localhost")),
    st.builds(c.TenantDelete, _ids),
    st.builds(c.TenantRestore, _ids),
    st.builds(c.TenantPurge, _ids),
    st.builds(c.TenantStatus, _ids, st.sampled_from(["active", "idle", "deploying"])),
    st.builds(c.NodeRegister, _nodes, _nodes),
    st.builds(c.NodeStatus, _nodes, st.sampled_from(["down", "healthy", "degraded"])),
    st.builds(c.NodeDrain, _nodes, st.booleans()),
    st.builds(c.NodeRemove, _nodes),
    st.builds(c.MoveStart, _ids, _nodes),
    st.builds(c.MoveAbort, _ids),
    st.builds(c.MoveFinish, _ids, st.integers(0, 3)),
    st.builds(c.RouteRelease, _ids, st.integers(0, 3)),
    st.builds(lambda t, n, e: c.RouteAssign(((t, n, e),)), _ids, _nodes, st.integers(0, 3)),
    st.builds(c.UserCreate, st.just("u"), st.just("u@x.co"), st.just("hash")),
    st.builds(c.AuditAppend, st.just("admin"), st.just("looked")),
)
_logs = st.lists(st.tuples(_commands, st.sampled_from(["", "r1", "r2", "r3"])), max_size=60)


def slow_digest(fleet: Fleet) -> int:
    """The hash of the state counted from nothing."""
    return sum(table.digest() for table in fleet.state.tables.values()) % (1 << HASH_BITS)


def slow_index(rows: dict, attribute: str) -> dict:
    """A grouping index counted from nothing."""
    groups: dict = {}
    for key, row in rows.items():
        if value := getattr(row, attribute):
            groups.setdefault(value, set()).add(key)
    return groups


@settings(max_examples=150, deadline=None)
@given(_logs)
def test_the_same_log_gives_the_same_bytes(log: list) -> None:
    """Two members that apply one log, and a third restored half-way, have equal snapshots, hashes and indexes."""
    bench = Bench()
    third = Fleet()
    for position, (command, request_id) in enumerate(log):
        bench.run(command, request_id)
        if position == len(log) // 2:
            third = Fleet.restore(bench.fleet.meta(), list(bench.fleet.export(3)))
        elif position > len(log) // 2:
            third.apply(bench.log[-1])
    twin = bench.twin()
    assert list(twin.export()) == list(bench.fleet.export())
    assert twin.state_hash == bench.fleet.state_hash
    assert int(bench.fleet.state_hash, 16) == slow_digest(bench.fleet)
    if log:
        assert list(third.export()) == list(bench.fleet.export())
        assert third.meta() == bench.fleet.meta()
    for table in bench.fleet.state.tables.values():
        for attribute, groups in table.groups.items():
            assert {value: set(keys) for value, keys in groups.items()} == slow_index(table.rows, attribute)


@settings(max_examples=100, deadline=None)
@given(_logs)
def test_tenants_and_routes_never_disagree(log: list) -> None:
    """Every tenant has one route of its status and node; no two living tenants share a domain."""
    bench = Bench()
    for command, _ in log:
        bench.run(command)
    fleet = bench.fleet
    assert set(fleet.tenants.rows) == set(fleet.routes.rows)
    living = [tenant.domain for tenant in fleet.tenants.rows.values() if tenant.status != "deleted"]
    assert len(living) == len(set(living))
    for key, tenant in fleet.tenants.rows.items():
        route = fleet.routes.rows[key]
        assert (route.status, route.node_id) == (tenant.status, tenant.node_id)
        assert route.domain == ("" if tenant.status == "deleted" else tenant.domain)


@settings(max_examples=100, deadline=None)
@given(_logs)
def test_events_rebuild_the_tables(log: list) -> None:
    """Who applies the events in order holds the same records; revisions grow by one per changing command."""
    bench = Bench()
    mirror: dict = {}
    revision = 0
    for command, request_id in log:
        events = bench.run(command, request_id).events
        if events:
            revision += 1
        for event in events:
            assert event.revision == revision
            mirror[event.table, event.key] = event.value
    expected = {
        (name, key): row
        for name, table in bench.fleet.state.tables.items()
        if name != "requests"
        for key, row in table.rows.items()
    }
    assert {key: value for key, value in mirror.items() if value is not None} == expected


def test_a_request_sent_twice_is_applied_once() -> None:
    """The same request id gives the same answer, a refusal too, also after a snapshot."""
    bench = Bench()
    first = bench.run(c.TenantCreate("t", "t.localhost"), "r1")
    refused = bench.run(c.TenantCreate("t", "t.localhost"), "r2")
    bench.fleet = Fleet.restore(bench.fleet.meta(), list(bench.fleet.export()))
    bench.ok(c.TenantUpdate("t", plan="pro"))
    again = bench.run(c.TenantCreate("t", "t.localhost"), "r1")
    assert (again.repeated, again.result, again.events) == (True, first.result, [])
    assert bench.run(c.TenantCreate("t", "t.localhost"), "r2").result.code == refused.result.code
    assert bench.refused(c.TenantDelete("t"), request_id="r1").code == "request_id_reused"


def test_requests_are_forgotten_oldest_first() -> None:
    """The memory of requests has a limit, and a restored one forgets in the same order."""
    state = State()
    requests = Requests(state, remembered_max=3)
    for number in range(5):
        requests.remember(f"r{number}", "tag", number)
    assert sorted(state.requests.rows) == ["r2", "r3", "r4"]
    Requests(state, remembered_max=3).remember("r9", "tag", None)
    assert sorted(state.requests.rows) == ["r3", "r4", "r9"]
    assert requests.recall("r3", "tag") == (True, 3)


def test_a_damaged_snapshot_is_refused() -> None:
    """A missing piece, a flipped byte and garbage all stop the restore."""
    bench = Bench()
    for number in range(5):
        bench.ok(c.TenantCreate(f"t{number}", f"t{number}.localhost"))
    meta, pieces = bench.fleet.meta(), list(bench.fleet.export(2))
    assert len(pieces) == 5
    flipped = pieces[0].replace(b"t0.localhost", b"t9.localhost")
    for damaged in (pieces[1:], [flipped, *pieces[1:]], [b"garbage", *pieces], [pieces[0][:-1]]):
        with pytest.raises(InvariantBroken):
            Fleet.restore(meta, damaged)


def test_an_unreadable_entry_stops_the_member() -> None:
    """Bytes of no known command are not skipped: the state would part from the others'."""
    for garbage in (b"", b"\x00", b"\x94\xa1r\x01\x81\xa1_\xa7unknown\xa0", b"x" * 100):
        with pytest.raises(InvariantBroken):
            Fleet().apply(garbage)


def test_time_never_goes_back() -> None:
    """A proposer with a slow clock cannot make `updated` earlier than `created`."""
    fleet = Fleet()
    fleet.apply(c.encode_entry(c.TenantCreate("t", "t.localhost"), "", 2_000_000))
    tenant = fleet.apply(c.encode_entry(c.TenantUpdate("t", plan="pro"), "", 1_000_000)).result
    assert tenant.updated == tenant.created == "1970-01-01T00:33:20.000Z"


def test_an_export_is_of_its_moment() -> None:
    """Commands applied while the pieces are taken do not show in them."""
    bench = Bench()
    bench.ok(c.TenantCreate("t", "t.localhost"))
    meta, pieces = bench.fleet.meta(), bench.fleet.export()
    bench.ok(c.TenantCreate("u", "u.localhost"))
    assert list(Fleet.restore(meta, pieces).tenants.rows) == ["t"]


def test_the_audit_log_is_written_in_the_same_step() -> None:
    """A command with an actor leaves a line without secrets; a refused one leaves none."""
    bench = Bench()
    bench.ok(c.UserCreate("u", "a@b.co", "secret-hash"), audit_actor="admin_1")
    assert isinstance(bench.run(c.UserCreate("u", "a@b.co", "x"), audit_actor="admin_1").result, Rejected)
    (line,) = bench.fleet.audit.rows.values()
    assert (line.actor, line.action, line.object) == ("admin_1", "user.create", "u")
    assert "secret-hash" not in str(line.details)

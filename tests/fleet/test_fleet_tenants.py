"""Tenants and their routes."""

import pytest

from pbe.fleet import commands as c
from pbe.fleet import to_json
from tests.fleet.kit import Bench


@pytest.fixture
def bench() -> Bench:
    """A fleet with two nodes and one user."""
    bench = Bench()
    for name in ("n1", "n2"):
        bench.ok(c.NodeRegister(name, f"http://{name}:8091"))
    bench.ok(c.UserCreate("user_1", "a@b.co", "hash"))
    return bench


def test_a_tenant_is_recorded_without_any_node() -> None:
    """A tenant that no node can take yet is created, with a route that gateways see."""
    bench = Bench()
    tenant = bench.ok(c.TenantCreate("test123", "test123.localhost", metadata={"a": [1]}))
    assert to_json(tenant) == {
        "id": "test123",
        "domain": "test123.localhost",
        "status": "created",
        "node_id": "",
        "owner": "",
        "plan": "free",
        "region": "",
        "quotas": {
            "max_storage": 0,
            "max_api_requests": 0,
            "max_connections": 0,
            "max_cpu_millicores": 0,
            "max_memory": 0,
            "max_users": 0,
        },
        "created": "2023-11-14T22:13:21.000Z",
        "updated": "2023-11-14T22:13:21.000Z",
        "metadata": {"a": [1]},
        "revision": 1,
    }
    assert bench.fleet.routes.find("domain", "test123.localhost").tenant_id == "test123"


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.TenantCreate("test123", "other.localhost"), "id"),
        (c.TenantCreate("other", "test123.localhost"), "domain"),
        (c.TenantCreate("Upper", "x.localhost"), "id"),
        (c.TenantCreate("-dash", "x.localhost"), "id"),
        (c.TenantCreate("a/b", "x.localhost"), "id"),
        (c.TenantCreate("", "x.localhost"), "id"),
        (c.TenantCreate("a" * 64, "x.localhost"), "id"),
        (c.TenantCreate("www", "x.localhost"), "id"),
        (c.TenantCreate("x", "admin.platform.com"), "domain"),
        (c.TenantCreate("x", "nodots"), "domain"),
        (c.TenantCreate("x", "UPPER.localhost"), "domain"),
        (c.TenantCreate("x", "a..b"), "domain"),
        (c.TenantCreate("x", "x.localhost", plan="gold"), "plan"),
        (c.TenantCreate("x", "x.localhost", owner="nobody"), "owner"),
        (c.TenantCreate("x", "x.localhost", node_id="nowhere"), "node_id"),
        (c.TenantCreate("x", "x.localhost", quotas={"max_storage": -1}), "quotas.max_storage"),
        (c.TenantCreate("x", "x.localhost", quotas={"max_cows": 1}), "quotas.max_cows"),
        (c.TenantCreate("x", "x.localhost", metadata={"a": "x" * 70_000}), "metadata"),
    ],
)
def test_a_bad_tenant_is_refused_by_field(bench: Bench, command: c.TenantCreate, field: str) -> None:
    """Every wrong or taken value is refused and named."""
    bench.ok(c.TenantCreate("test123", "test123.localhost"))
    refusal = bench.refused(command)
    assert refusal.field == field
    assert field in refusal.as_bad_request().data


def test_quota_counts_in_the_same_step_as_the_creation(bench: Bench) -> None:
    """The fourth tenant of a user who may have three is refused; a deletion frees a place, an undelete needs one."""
    for number in range(3):
        bench.ok(c.TenantCreate(f"t{number}", f"t{number}.localhost", owner="user_1"))
    assert bench.refused(c.TenantCreate("t3", "t3.localhost", owner="user_1")).kind == "forbidden"
    bench.ok(c.TenantDelete("t0"))
    bench.ok(c.TenantCreate("t3", "t3.localhost", owner="user_1"))
    assert bench.refused(c.TenantRestore("t0")).code == "quota_exceeded"


def test_a_users_defaults_become_the_tenants_quotas(bench: Bench) -> None:
    """Storage, requests and users are copied from the owner; what the command names wins."""
    bench.ok(c.UserUpdate("user_1", quotas={"default_max_users": 7, "default_api_requests_per_hour": 9}))
    tenant = bench.ok(c.TenantCreate("t", "t.localhost", owner="user_1", quotas={"max_users": 8}))
    assert (tenant.quotas.max_storage, tenant.quotas.max_api_requests, tenant.quotas.max_users) == (1024**3, 9, 8)


def test_updates_are_partial_and_conditional(bench: Bench) -> None:
    """Only named fields change; an old revision is refused as stale; the route follows the domain."""
    first = bench.ok(c.TenantCreate("t", "t.localhost", plan="pro", quotas={"max_users": 8}))
    second = bench.ok(c.TenantUpdate("t", domain="shop.example.com", quotas={"max_storage": 5}))
    assert (second.plan, second.quotas.max_users, second.quotas.max_storage) == ("pro", 8, 5)
    assert bench.fleet.routes.find("domain", "t.localhost") is None
    assert bench.fleet.routes.find("domain", "shop.example.com").tenant_id == "t"
    assert bench.refused(c.TenantUpdate("t", plan="free", if_revision=first.revision)).kind == "stale"
    assert bench.ok(c.TenantUpdate("t", plan="free", if_revision=second.revision)).plan == "free"
    assert bench.refused(c.TenantUpdate("nobody", plan="free")).kind == "missing"


def test_a_deletion_is_soft_and_frees_the_domain(bench: Bench) -> None:
    """A deleted tenant keeps its id and record, loses its domain, and comes back evicted while the domain is free."""
    bench.ok(c.TenantCreate("t", "t.localhost", node_id="n1"))
    assert bench.ok(c.TenantDelete("t")).status == "deleted"
    assert bench.refused(c.TenantDelete("t")).kind == "missing"
    assert bench.refused(c.TenantCreate("t", "t2.localhost")).field == "id"
    other = bench.ok(c.TenantCreate("u", "t.localhost"))
    assert bench.refused(c.TenantRestore("t")).field == "domain"
    bench.ok(c.TenantUpdate(other.id, domain="u.localhost"))
    assert bench.ok(c.TenantRestore("t")).status == "evicted"
    assert bench.fleet.routes.rows["t"].epoch == 2
    assert bench.refused(c.TenantPurge("t")).code == "not_deleted"
    bench.ok(c.TenantDelete("t"))
    assert bench.ok(c.TenantPurge("t")) is None
    assert bench.fleet.tenants.get("t") is None


def test_the_epoch_counts_owners(bench: Bench) -> None:
    """Assignments and finished moves raise the epoch; a pair that was overtaken is skipped."""
    bench.ok(c.TenantCreate("t", "t.localhost"))
    assert bench.ok(c.RouteAssign((("t", "n1", 0),))) == [["t", "n1", 1]]
    assert bench.ok(c.RouteAssign((("t", "n2", 0),))) == []
    assert bench.ok(c.TenantStatus("t", "active", epoch=1)).status == "active"
    assert bench.refused(c.TenantStatus("t", "idle", epoch=7)).code == "stale_epoch"
    assert bench.ok(c.MoveStart("t", "n2")).status == "migrating"
    assert bench.refused(c.MoveStart("t", "n2")).code == "already_moving"
    moved = bench.ok(c.MoveFinish("t", 1))
    assert (moved.node_id, bench.fleet.routes.rows["t"].epoch) == ("n2", 2)
    assert bench.refused(c.RouteRelease("t", 1)).code == "stale_epoch"
    assert bench.ok(c.RouteRelease("t", 2)).node_id == ""


def test_a_move_can_be_given_up(bench: Bench) -> None:
    """An aborted move leaves the source owner under its epoch."""
    bench.ok(c.TenantCreate("t", "t.localhost", node_id="n1"))
    bench.ok(c.MoveStart("t", "n2"))
    assert bench.refused(c.NodeRemove("n2")).code == "node_in_use"
    assert bench.ok(c.MoveAbort("t")).node_id == "n1"
    assert bench.fleet.routes.rows["t"].epoch == 1
    assert bench.refused(c.MoveAbort("t")).code == "not_moving"
    assert bench.refused(c.MoveStart("t", "n1")).field == "target"


def test_statuses_follow_their_table(bench: Bench) -> None:
    """A step that the table does not have is refused."""
    bench.ok(c.TenantCreate("t", "t.localhost"))
    assert bench.refused(c.TenantStatus("t", "active")).field == "status"
    assert bench.refused(c.TenantStatus("t", "nonsense")).field == "status"


def test_the_first_superuser_waits_for_the_node(bench: Bench) -> None:
    """It stays until the node reports the very one it read."""
    bench.ok(c.TenantCreate("t", "t.localhost", superuser_email="a@b.co", superuser_hash="h1"))
    read = bench.fleet.superusers.rows["t"]
    bench.ok(c.SuperuserSet("t", "a@b.co", "h2"))
    bench.ok(c.SuperuserDone("t", read.revision))
    assert bench.fleet.superusers.rows["t"].password_hash == "h2"
    bench.ok(c.SuperuserDone("t", bench.fleet.superusers.rows["t"].revision))
    assert bench.fleet.superusers.get("t") is None

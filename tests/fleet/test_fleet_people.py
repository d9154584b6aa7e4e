"""Nodes, users, quota requests, admins and codes."""

import pytest

from pbe.fleet import commands as c
from pbe.fleet import to_json
from pbe.fleet.records import AffinityRule
from tests.fleet.kit import Bench


def test_a_node_keeps_its_drain_over_a_restart() -> None:
    """A node that registers again is healthy, unless an operator has set it draining."""
    bench = Bench()
    node = bench.ok(
        c.NodeRegister("n1", "http://n1:8091", zone="z", labels={"disk": "ssd"}, resources={"cpu_cores": 4})
    )
    assert (node.status, node.resources.cpu_cores) == ("healthy", 4)
    assert bench.ok(c.NodeStatus("n1", "down", "lease over")).status == "down"
    assert bench.ok(c.NodeRegister("n1", "http://n1:8091")).status == "healthy"
    assert bench.ok(c.NodeDrain("n1", True)).status == "draining"
    assert bench.ok(c.NodeStatus("n1", "degraded")).status == "draining"
    again = bench.ok(c.NodeRegister("n1", "http://n1:9000"))
    assert (again.status, again.registered) == ("draining", node.registered)
    assert bench.ok(c.NodeStatus("n1", "down")).status == "down"
    assert bench.ok(c.NodeDrain("n1", False)).status == "down"
    assert bench.ok(c.NodeRegister("n1", "http://n1:9000")).status == "healthy"


def test_an_address_belongs_to_one_node() -> None:
    """A new node takes the address of one without tenants; of a serving one it may not."""
    bench = Bench()
    bench.ok(c.NodeRegister("n1", "http://a"))
    bench.ok(c.TenantCreate("t", "t.localhost", node_id="n1"))
    assert bench.refused(c.NodeRegister("n2", "http://a")).field == "address"
    bench.ok(c.NodeStatus("n1", "down"))
    bench.ok(c.NodeRegister("n2", "http://a"))
    assert bench.fleet.nodes.rows["n1"].address == ""


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.NodeRegister("", "http://x"), "id"),
        (c.NodeRegister("a b", "http://x"), "id"),
        (c.NodeRegister("n", "http://x", capacity=0), "capacity"),
        (c.NodeStatus("n9", "down"), "id"),
        (c.NodeStatus("n1", "sleepy"), "status"),
        (c.PlacementSet(strategy="best"), "strategy"),
        (c.PlacementSet(max_tenant_per_node=0), "max_tenant_per_node"),
        (c.PlacementSet(min_free_capacity=-1), "min_free_capacity"),
        (c.PlacementSet(anti_affinity=(AffinityRule("("),)), "anti_affinity.0.tenant_pattern"),
        (c.UserCreate("u2", "a@b.co", "h"), "email"),
        (c.UserCreate("u1", "c@d.co", "h"), "id"),
        (c.UserCreate("u2", "nonsense", "h"), "email"),
        (c.UserUpdate("u1", quotas={"max_tenants": -1}), "quotas.max_tenants"),
        (c.AdminCreate("a2", "op@b.co", "h2"), "email"),
        (c.AdminCreate("a2", "op2@b.co", "h1"), "token"),
        (c.QuotaRequestCreate("q1", "u1", "cows", 3), "type"),
        (c.QuotaRequestCreate("q1", "u9", "max_tenants", 3), "user_id"),
        (c.QuotaRequestCreate("q1", "u1", "tenant_storage", 3, tenant_id="t"), "tenant_id"),
        (c.QuotaRequestDecide("q9", True), "id"),
    ],
)
def test_bad_values_are_refused_by_field(command: object, field: str) -> None:
    """Every wrong or taken value is refused and named."""
    bench = Bench()
    bench.ok(c.NodeRegister("n1", "http://a"))
    bench.ok(c.UserCreate("u1", "a@b.co", "h"))
    bench.ok(c.AdminCreate("a1", "op@b.co", "h1"))
    bench.ok(c.TenantCreate("t", "t.localhost"))
    assert bench.refused(command).field == field


def test_placement_is_data() -> None:
    """Its configuration changes by field and by revision."""
    bench = Bench()
    assert bench.fleet.placement.strategy == "least-loaded"
    changed = bench.ok(c.PlacementSet(strategy="zone-aware", anti_affinity=(AffinityRule("^big-", {"disk": "hdd"}),)))
    assert (changed.max_tenant_per_node, changed.min_free_capacity) == (200, 20)
    assert bench.refused(c.PlacementSet(prefer_same_zone=True, if_revision=changed.revision + 1)).kind == "stale"
    assert to_json(bench.fleet.placement)["anti_affinity"][0]["tenant_pattern"] == "^big-"


def test_a_quota_request_takes_effect_when_approved() -> None:
    """Each of the three kinds is applied, once; a second pending one is refused."""
    bench = Bench()
    bench.ok(c.UserCreate("u", "a@b.co", "h"))
    bench.ok(c.TenantCreate("t", "t.localhost", owner="u"))
    wishes = [("max_tenants", ""), ("tenant_storage", "t"), ("tenant_api_requests", "t"), ("tenant_storage", "")]
    for number, (kind, tenant) in enumerate(wishes):
        bench.ok(c.QuotaRequestCreate(f"q{number}", "u", kind, 77, tenant_id=tenant))
        assert bench.refused(c.QuotaRequestCreate("q9", "u", kind, 78)).code == "request_pending"
        assert bench.fleet.user_json("u")["quotas"]["pending_quota_request"]["id"] == f"q{number}"
        bench.ok(c.QuotaRequestDecide(f"q{number}", True, "a1"))
        assert bench.refused(c.QuotaRequestDecide(f"q{number}", False)).code == "already_decided"
    user, tenant_now = bench.fleet.users.rows["u"], bench.fleet.tenants.rows["t"]
    assert (user.quotas.max_tenants, user.quotas.default_storage_per_tenant) == (77, 77)
    assert (tenant_now.quotas.max_storage, tenant_now.quotas.max_api_requests) == (77, 77)


def test_a_rejection_keeps_its_reason() -> None:
    """The request says why, and the user may ask again."""
    bench = Bench()
    bench.ok(c.UserCreate("u", "a@b.co", "h"))
    bench.ok(c.QuotaRequestCreate("q", "u", "max_tenants", 9))
    assert bench.ok(c.QuotaRequestDecide("q", False, "a1", "no budget")).decision_reason == "no budget"
    assert bench.fleet.users.rows["u"].quotas.max_tenants == 3
    bench.ok(c.QuotaRequestCreate("q2", "u", "max_tenants", 4))


def test_secrets_never_leave() -> None:
    """Neither hash nor session key is in the JSON of a user or an admin."""
    bench = Bench()
    bench.ok(c.UserCreate("u", "a@b.co", "hash-of-password", session_key="key"))
    bench.ok(c.AdminCreate("a", "op@b.co", "hash-of-token"))
    shown = str(bench.fleet.user_json("u")) + str(to_json(bench.fleet.admins.rows["a"]))
    assert "hash-of" not in shown
    assert "session_key" not in shown


def test_admins_are_found_by_token_and_the_last_stays() -> None:
    """An index finds the admin of a token's hash; nobody deletes himself; one with all permissions stays."""
    bench = Bench()
    bench.ok(c.AdminCreate("a1", "1@b.co", "h1", first_only=True))
    assert bench.refused(c.AdminCreate("a2", "2@b.co", "h2", first_only=True)).code == "admin_exists"
    assert bench.refused(c.AdminDelete("a1", by="a2")).code == "last_admin"
    bench.ok(c.AdminCreate("a2", "2@b.co", "h2", permissions=("tenants.read",)))
    assert bench.fleet.admins.find("token_hash", "h2").id == "a2"
    assert bench.refused(c.AdminDelete("a1", by="a1")).code == "delete_self"
    assert bench.refused(c.AdminUpdate("a1", permissions=("x",))).code == "last_admin"
    bench.ok(c.AdminDelete("a2", by="a1"))
    assert bench.fleet.admins.find("token_hash", "h2") is None


def test_a_code_works_once_and_not_late() -> None:
    """Consumed, expired and foreign codes are refused alike; expired ones are swept."""
    bench = Bench()
    bench.ok(c.CodeIssue("h1", "sso", "t", bench.now_ms + 60_000, {"user": "u"}))
    assert bench.refused(c.CodeConsume("h1", "verify")).kind == "missing"
    assert bench.ok(c.CodeConsume("h1", "sso")).details == {"user": "u"}
    assert bench.refused(c.CodeConsume("h1", "sso")).kind == "missing"
    bench.ok(c.CodeIssue("h2", "sso", "t", bench.now_ms + 1500))
    bench.now_ms += 5000
    assert bench.refused(c.CodeConsume("h2", "sso")).kind == "missing"
    bench.ok(c.CodeIssue("h3", "sso", "t", bench.now_ms + 60_000))
    assert list(bench.fleet.codes.rows) == ["h3"]


def test_a_user_with_tenants_stays() -> None:
    """Only a user without living tenants can be deleted; his requests go with him."""
    bench = Bench()
    bench.ok(c.UserCreate("u", "a@b.co", "h"))
    bench.ok(c.QuotaRequestCreate("q", "u", "max_tenants", 9))
    bench.ok(c.TenantCreate("t", "t.localhost", owner="u"))
    assert bench.refused(c.UserDelete("u")).code == "user_has_tenants"
    bench.ok(c.TenantDelete("t"))
    bench.ok(c.UserDelete("u"))
    assert len(bench.fleet.quota_requests) == 0

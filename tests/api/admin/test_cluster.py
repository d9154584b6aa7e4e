"""Nodes, placement, members and health over HTTP."""

import pytest

from pbe.fleet import commands
from tests.kit.platform_site import Platform


@pytest.fixture
def platform() -> Platform:
    """A platform with two nodes."""
    platform = Platform()
    platform.add_node("n1")
    platform.add_node("n2")
    return platform


def test_a_node_is_its_record_and_its_heartbeat(platform: Platform) -> None:
    """The fields of the documents, from the log and from the leader's memory."""
    platform.pulse.beats["n1"] = {
        "cached_tenants": 3,
        "last_heartbeat": "2026-01-01T00:00:00.000Z",
        "resources": {"cpu_usage": 0.5},
    }
    got = platform.ask("GET", "/api/cp/nodes/n1").json
    assert (got["id"], got["address"], got["status"]) == ("n1", "http://n1:8091", "healthy")
    assert (got["capacity"], got["active_tenants"], got["cached_tenants"]) == (200, 0, 3)
    assert (got["resources"]["cpu_usage"], got["resources"]["disk_total"]) == (0.5, 0)
    assert got["last_heartbeat"] == "2026-01-01T00:00:00.000Z"
    listed = platform.ask("GET", "/api/cp/nodes").json
    assert [item["id"] for item in listed["items"]] == ["n1", "n2"]
    assert listed["nodes"] == listed["items"]
    assert platform.ask("GET", "/api/cp/nodes/n9").status == 404


def test_a_node_drains_and_comes_back(platform: Platform) -> None:
    """Draining shows in its status and may be asked twice."""
    for _ in range(2):
        assert platform.ask("POST", "/api/cp/nodes/n1/drain").json["status"] == "draining"
    assert platform.ask("GET", "/api/cp/nodes?status=draining").json["totalItems"] == 1
    assert platform.ask("POST", "/api/cp/nodes/n1/undrain").json["status"] == "healthy"
    assert platform.ask("POST", "/api/cp/nodes/n9/drain").status == 404
    assert platform.ask("GET", "/api/cp/nodes?status=nonsense").status == 400


def test_a_node_with_tenants_cannot_be_forgotten(platform: Platform) -> None:
    """409 while a tenant is there, 204 afterwards."""
    platform.ask("POST", "/api/cp/tenants", {"id": "shop", "domain": "shop.localhost"})
    platform.run(platform.plane.propose(commands.RouteAssign((("shop", "n1", 0),))))
    assert platform.ask("DELETE", "/api/cp/nodes/n1").status == 409
    assert platform.ask("DELETE", "/api/cp/nodes/n2").status == 204


def test_placement_is_data(platform: Platform) -> None:
    """The rules are read and changed in part, guarded by their ETag."""
    path = "/api/cp/config/placement"
    got = platform.ask("GET", path)
    assert got.json["strategy"] == "least-loaded"
    assert (got.json["max_tenant_per_node"], got.json["min_free_capacity"]) == (200, 20)
    rule = {"tenant_pattern": "^big-", "node_labels": {"disk": "hdd"}}
    changed = platform.ask("PUT", path, {"strategy": "zone-aware", "anti_affinity": [rule]})
    assert changed.status == 200
    assert changed.json["anti_affinity"] == [{**rule, "attract": False}]
    assert changed.json["max_tenant_per_node"] == 200
    assert platform.ask("PUT", path, {"min_free_capacity": 1}, {"If-Match": got.headers["etag"]}).status == 412
    whole = platform.ask("GET", path).json
    assert platform.ask("PUT", path, whole).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"strategy": "nonsense"},
        {"strategy": 5},
        {"max_tenant_per_node": 0},
        {"prefer_same_zone": "yes"},
        {"anti_affinity": {}},
        {"anti_affinity": [{}]},
        {"anti_affinity": [{"tenant_pattern": "("}]},
        {"anti_affinity": [{"tenant_pattern": "a", "node_labels": {"x": 1}}]},
        {"anti_affinity": [{"tenant_pattern": "a", "nonsense": 1}]},
        {"nonsense": 1},
    ],
)
def test_wrong_rules_are_400(platform: Platform, body: dict[str, object]) -> None:
    """What cannot be a rule is named."""
    got = platform.ask("PUT", "/api/cp/config/placement", body)
    assert got.status == 400
    assert got.json["data"]


def test_placement_explains_itself(platform: Platform) -> None:
    """The node that a tenant would get, why, and what moves would even things out, without doing anything."""
    for number in range(5):
        platform.ask("POST", "/api/cp/tenants", {"id": f"t{number}", "domain": f"t{number}.localhost"})
        platform.run(platform.plane.propose(commands.RouteAssign(((f"t{number}", "n1", 0),))))
    before = platform.plane.fleet.state_hash
    got = platform.ask("GET", "/api/cp/tenants/t0/placement").json
    assert (got["nodeId"], got["currentNode"]) == ("n2", "n1")
    assert got["reason"].startswith("least-loaded of 2 nodes")
    assert [node["tenants"] for node in got["nodes"]] == [5, 0]
    moves = platform.ask("GET", "/api/cp/config/placement/moves?max=9").json["items"]
    assert [move["nodeId"] for move in moves] == ["n2", "n2"]
    assert platform.plane.fleet.state_hash == before
    assert platform.ask("GET", "/api/cp/tenants/nobody/placement").status == 404
    for wrong in ("0", "101", "x", "-1", "99999"):
        assert platform.ask("GET", f"/api/cp/config/placement/moves?max={wrong}").status == 400


def test_members_are_commanded(platform: Platform) -> None:
    """Add, remove and transfer reach the control plane; a refusal is told."""
    assert platform.ask("POST", "/api/cp/raft/members", {"id": "cp-4", "address": "cp-4:7000"}).status == 200
    assert platform.ask("DELETE", "/api/cp/raft/members/cp-4").status == 200
    assert platform.ask("DELETE", "/api/cp/raft/members/cp-1").status == 409
    assert platform.ask("POST", "/api/cp/raft/transfer", {"target": "cp-2"}).status == 200
    assert platform.ask("POST", "/api/cp/raft/members", {"id": "cp-4"}).status == 400
    assert platform.ask("POST", "/api/cp/raft/snapshot").json["index"] == 7
    assert platform.membership.asked == [("add", "cp-4", "cp-4:7000"), ("remove", "cp-4"), ("transfer", "cp-2")]


def test_raft_status_needs_no_quorum(platform: Platform) -> None:
    """Leader, term, commit, applied, members and the hash of the member's own state, without a read."""
    before = platform.plane.reads
    got = platform.ask("GET", "/api/cp/raft/status").json
    assert (got["leader"], got["term"], got["commit"], got["applied"]) == ("cp-1", 1, 1, 1)
    assert got["state_hash"] == platform.plane.fleet.state_hash
    assert platform.plane.reads == before


def test_health_is_computed_with_reasons(platform: Platform) -> None:
    """A node that is down, and a leader that is missing, each show."""
    assert platform.ask("GET", "/api/cp/health").json["status"] == "healthy"
    platform.run(platform.plane.propose(commands.NodeStatus("n1", "down", "silent")))
    got = platform.ask("GET", "/api/cp/health").json
    assert (got["status"], got["tenant_nodes"]["down"], len(got["reasons"])) == ("degraded", 1, 1)
    platform.run(platform.plane.propose(commands.NodeStatus("n2", "down", "silent")))
    platform.ask("POST", "/api/cp/tenants", {"id": "shop", "domain": "shop.localhost"})
    got = platform.ask("GET", "/api/cp/health").json
    assert (got["status"], len(got["reasons"])) == ("down", 2)
    platform.plane.leader = ""
    assert "no leader" in platform.ask("GET", "/api/cp/health").json["reasons"][0]

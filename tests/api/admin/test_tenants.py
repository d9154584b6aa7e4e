"""Tenants over HTTP."""

from typing import Any

import bcrypt
import pytest

from pbe.errors import OutcomeUnknown, Unavailable
from pbe.fleet import commands
from tests.kit.platform_site import Platform

TENANTS = "/api/cp/tenants"


@pytest.fixture
def platform() -> Platform:
    """A platform with one tenant, shop."""
    platform = Platform()
    assert platform.ask("POST", TENANTS, {"id": "shop", "domain": "shop.localhost"}).status == 201
    return platform


def test_the_documented_first_command_makes_a_tenant() -> None:
    """Curl -d sends JSON as a form; the tenant is recorded though no node is there."""
    body = b'{"id":"test123","domain":"test123.localhost"}'
    got = Platform().ask("POST", TENANTS, body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert got.status == 201
    shown = got.json
    assert (shown["id"], shown["domain"], shown["status"]) == ("test123", "test123.localhost", "created")
    names = {"node_id", "owner", "plan", "region", "quotas", "created", "updated", "metadata"}
    assert names < set(shown)
    quotas = ("max_storage", "max_api_requests", "max_connections", "max_cpu_millicores", "max_memory", "max_users")
    assert shown["quotas"] == dict.fromkeys(quotas, 0)


def test_a_tenant_keeps_what_it_was_made_with() -> None:
    """Plan, region, quotas, metadata and the documents' other names of quotas."""
    body = {
        "id": "a_b-c",
        "domain": "Shop.Example.com",
        "plan": "pro",
        "region": "eu",
        "quotas": {"max_users": 5},
        "storageQuotaMB": 2,
        "metadata": {"deep": [1, {"x": None}]},
    }
    got = Platform().ask("POST", TENANTS, body).json
    assert (got["domain"], got["plan"], got["region"]) == ("shop.example.com", "pro", "eu")
    assert (got["quotas"]["max_users"], got["quotas"]["max_storage"]) == (5, 2 * 1024 * 1024)
    assert got["metadata"] == {"deep": [1, {"x": None}]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "shop", "domain": "other.localhost"}, "id"),
        ({"id": "other", "domain": "shop.localhost"}, "domain"),
        ({"id": "other", "domain": "SHOP.localhost"}, "domain"),
        ({"id": "Other"}, "id"),
        ({"id": ""}, "id"),
        ({"id": None}, "id"),
        ({"id": 5}, "id"),
        ({"id": "x" * 64}, "id"),
        ({"id": "../x"}, "id"),
        ({"id": "admin"}, "id"),
        ({"domain": "no host"}, "domain"),
        ({"domain": "single"}, "domain"),
        ({"domain": "admin.localhost"}, "domain"),
        ({"domain": "www.example.com"}, "domain"),
        ({"domain": 7}, "domain"),
        ({"domain": "a\u0000b.c"}, "domain"),
        ({"plan": "gold"}, "plan"),
        ({"owner": "nobody"}, "owner"),
        ({"quotas": {"max_users": -1}}, "quotas"),
        ({"quotas": {"max_users": "5"}}, "quotas"),
        ({"quotas": {"max_users": True}}, "quotas"),
        ({"quotas": {"max_users": 2**63}}, "quotas"),
        ({"quotas": {"max_nonsense": 1}}, "quotas"),
        ({"quotas": []}, "quotas"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"n": 2**70}}, "metadata"),
        ({"metadata": {"x": "y" * 70_000}}, "metadata"),
        ({"nonsense": 1}, "nonsense"),
        ({"superuser": "a@b.co"}, "superuser"),
        ({"superuser": {"email": "a@b.co", "password": "short"}}, "superuser.password"),
        ({"superuser": {"email": "a@b.co", "password": "x" * 72}}, "superuser.password"),
        ({"superuser": {"email": "nonsense", "password": "pass123456"}}, "superuser.email"),
        ({"superuser": {"email": "a@b.co"}}, "password"),
    ],
)
def test_a_wrong_field_is_400_and_named(platform: Platform, changes: dict[str, Any], field: str) -> None:
    """What is wrong is named in `data`, and nothing was made."""
    before = platform.plane.fleet.state_hash
    got = platform.ask("POST", TENANTS, {"id": "other", "domain": "other.localhost", **changes})
    assert got.status == 400
    assert field in got.json["data"]
    assert got.json["error"] == got.json["message"]
    assert platform.plane.fleet.state_hash == before


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"5",
        b"\xff\xfe",
        b'{"id":"a","id":"b"}',
        b'{"id":NaN}',
        b'{"a":' * 5000,
        b"[" * 100_000,
        b'{"id":"a","domain":"a.b","metadata":' + b'{"a":' * 40 + b"1" + b"}" * 41,
        b'{"id":"\\ud800","domain":"a.localhost"}',
        b"id=a&domain=a.localhost",
        b"",
    ],
)
def test_a_body_that_is_no_object_is_400(platform: Platform, body: bytes) -> None:
    """Malformed JSON, other values, and JSON that other readers would read otherwise."""
    got = platform.ask("POST", TENANTS, body)
    assert got.status == 400
    assert got.json["status"] == 400


def test_a_body_over_the_limit_is_413(platform: Platform) -> None:
    """More than a megabyte is not read."""
    assert platform.ask("POST", TENANTS, b" " * (1024 * 1024 + 1)).status == 413


def test_a_superuser_is_kept_by_its_hash(platform: Platform) -> None:
    """The password is hashed as PocketBase hashes it, and waits for the node."""
    superuser = {"email": "a@b.co", "password": "pass123456"}
    got = platform.ask("POST", TENANTS, {"id": "two", "domain": "two.localhost", "superuser": superuser})
    assert got.status == 201
    assert "pass123456" not in got.content.decode()
    assert "superuser" not in got.json
    pending = platform.plane.fleet.superusers.rows["two"]
    assert pending.email == "a@b.co"
    assert bcrypt.checkpw(b"pass123456", pending.password_hash.encode())
    later = platform.ask("PUT", f"{TENANTS}/shop/superuser", superuser)
    assert (later.status, later.json) == (200, {"tenant_id": "shop", "email": "a@b.co"})
    assert platform.ask("PUT", f"{TENANTS}/nobody/superuser", superuser).status == 404
    assert platform.settled == ["two", "shop"]


def test_both_updates_are_partial(platform: Platform) -> None:
    """PUT and PATCH change what they name, in quotas too."""
    quotas = {"quotas": {"max_users": 5}, "plan": "pro"}
    assert platform.ask("PUT", f"{TENANTS}/shop", quotas).status == 200
    got = platform.ask("PATCH", f"{TENANTS}/shop", {"storageQuotaMb": 1, "apiRequestsQuota": 9}).json
    assert (got["plan"], got["domain"]) == ("pro", "shop.localhost")
    assert (got["quotas"]["max_users"], got["quotas"]["max_storage"]) == (5, 1024 * 1024)
    assert got["quotas"]["max_api_requests"] == 9


def test_what_was_got_may_be_put_back(platform: Platform) -> None:
    """A whole tenant sent back changes nothing; a status sent is refused."""
    whole = platform.ask("GET", f"{TENANTS}/shop").json
    assert platform.ask("PUT", f"{TENANTS}/shop", whole).status == 200
    got = platform.ask("PUT", f"{TENANTS}/shop", {**whole, "status": "archived"})
    assert (got.status, list(got.json["data"])) == (400, ["status"])
    assert platform.ask("PATCH", f"{TENANTS}/shop", {"id": "other"}).status == 400


def test_an_etag_guards_an_update(platform: Platform) -> None:
    """If-Match with an old ETag is 412 and changes nothing; If-None-Match spares the body."""
    tag = platform.ask("GET", f"{TENANTS}/shop").headers["etag"]
    assert platform.ask("GET", f"{TENANTS}/shop", headers={"If-None-Match": tag}).status == 304
    assert platform.ask("PATCH", f"{TENANTS}/shop", {"plan": "pro"}, {"If-Match": tag}).status == 200
    for method, body in (("PATCH", {"plan": "free"}), ("PUT", {"plan": "free"}), ("DELETE", None)):
        assert platform.ask(method, f"{TENANTS}/shop", body, {"If-Match": tag}).status == 412
    for wrong in ("nonsense", "W/" + tag, '"x"', '"0"', '"99999999999999999999"'):
        assert platform.ask("PATCH", f"{TENANTS}/shop", {"plan": "free"}, {"If-Match": wrong}).status == 412
    got = platform.ask("GET", f"{TENANTS}/shop")
    assert got.json["plan"] == "pro"
    assert platform.ask("PATCH", f"{TENANTS}/shop", {"plan": "free"}, {"If-Match": "*"}).status == 200


def test_the_same_idempotency_key_has_one_effect(platform: Platform) -> None:
    """A create or a guarded update sent again gets the same answer, not a 400 or 412."""
    body = {"id": "two", "domain": "two.localhost"}
    key = {"Idempotency-Key": "k1"}
    first, second = (platform.ask("POST", TENANTS, body, key) for _ in range(2))
    assert (first.status, first.content) == (second.status, second.content)
    tag = platform.ask("GET", f"{TENANTS}/two").headers["etag"]
    guarded = {"Idempotency-Key": "k2", "If-Match": tag}
    answers = [platform.ask("PATCH", f"{TENANTS}/two", {"plan": "pro"}, guarded) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    other = platform.ask("POST", TENANTS, {"id": "three", "domain": "three.localhost"}, key)
    assert (other.status, other.json["id"]) == (201, "three")
    assert platform.ask("POST", TENANTS, body, {"Idempotency-Key": "k" * 300}).status == 400


def test_delete_is_soft(platform: Platform) -> None:
    """The domain is free at once, the record stays, and it can be brought back."""
    assert platform.ask("DELETE", f"{TENANTS}/shop").json["status"] == "deleted"
    assert platform.ask("DELETE", f"{TENANTS}/shop").status == 404
    assert platform.ask("GET", f"{TENANTS}/shop").json["status"] == "deleted"
    assert platform.ask("GET", TENANTS).json["items"] == []
    assert [item["id"] for item in platform.ask("GET", f"{TENANTS}?status=deleted").json["items"]] == ["shop"]
    assert platform.ask("POST", f"{TENANTS}/shop/restore").json["status"] == "evicted"


def test_lists_have_pages_and_filters(platform: Platform) -> None:
    """Pages by page and perPage in the order of ids; both names of the list hold the same."""
    for number in range(5):
        platform.ask("POST", TENANTS, {"id": f"t{number}", "domain": f"t{number}.localhost", "plan": "pro"})
    got = platform.ask("GET", f"{TENANTS}?page=2&perPage=2").json
    assert [item["id"] for item in got["items"]] == ["t1", "t2"]
    assert got["tenants"] == got["items"]
    assert (got["page"], got["perPage"], got["totalItems"], got["totalPages"]) == (2, 2, 6, 3)
    assert platform.ask("GET", f"{TENANTS}?plan=pro").json["totalItems"] == 5
    assert platform.ask("GET", f"{TENANTS}?domain=t3.localhost").json["items"][0]["id"] == "t3"
    assert platform.ask("GET", f"{TENANTS}?search=SHO").json["totalItems"] == 1
    assert platform.ask("GET", f"{TENANTS}?page=9").json["items"] == []
    for query in ("page=0", "page=x", "perPage=501", "perPage=-1", "status=nonsense", "consistency=maybe"):
        assert platform.ask("GET", f"{TENANTS}?{query}").status == 400


def test_reads_are_linearizable_unless_the_client_says_stale(platform: Platform) -> None:
    """Only ?consistency=stale spares the control plane's confirmation."""
    before = platform.plane.reads
    platform.ask("GET", f"{TENANTS}/shop?consistency=stale")
    assert platform.plane.reads == before
    platform.ask("GET", f"{TENANTS}/shop")
    assert platform.plane.reads == before + 1


def test_a_move_begins_and_says_so(platform: Platform) -> None:
    """202 with status migrating; a move that cannot begin is told why."""
    platform.add_node("n1")
    platform.add_node("n2")
    assert platform.ask("POST", f"{TENANTS}/shop/migrate", {"targetNode": "n2"}).status == 409
    platform.run(platform.plane.propose(commands.RouteAssign((("shop", "n1", 0),), status="active")))
    got = platform.ask("POST", f"{TENANTS}/shop/migrate", {"targetNode": "n2"})
    assert (got.status, got.json["status"], got.json["node_id"]) == (202, "migrating", "n1")
    assert platform.ask("POST", f"{TENANTS}/shop/migrate", {"targetNode": "n2"}).status == 409
    assert platform.ask("POST", f"{TENANTS}/shop/migrate", {"targetNode": "n9"}).status == 400
    assert platform.ask("POST", f"{TENANTS}/shop/migrate", {}).status == 400


def test_an_unknown_outcome_is_504_and_no_leader_503(platform: Platform) -> None:
    """Both are told apart from a refusal."""
    for error, status in ((OutcomeUnknown(), 504), (Unavailable(retry_after_s=2), 503)):
        platform.plane.failing = error
        got = platform.ask("POST", TENANTS, {"id": "two", "domain": "two.localhost"})
        assert (got.status, got.json["error"]) == (status, got.json["message"])
    assert got.headers["retry-after"] == "2"


def test_an_unknown_tenant_is_404(platform: Platform) -> None:
    """Whatever is asked of it."""
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
        assert platform.ask(method, f"{TENANTS}/nobody{path}").status == 404


def test_changes_are_audited_under_their_actor(platform: Platform) -> None:
    """A change leaves a line in the audit log."""
    lines = [line.action for line in platform.plane.fleet.audit.rows.values()]
    assert lines == ["tenant.create"]
    assert [line.actor for line in platform.plane.fleet.audit.rows.values()] == ["local"]

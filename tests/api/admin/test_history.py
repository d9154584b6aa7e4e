"""Restores to a moment and verification, as the platform's API takes them."""

from typing import Any

import pytest

from pbe.errors import BadRequest, Unavailable
from pbe.fleet import commands
from tests.kit.platform_site import Platform

SHOP = "/api/cp/tenants/shop"


def _platform() -> Platform:
    platform = Platform()
    platform.run(platform.plane.propose(commands.TenantCreate("shop", "shop.localhost", owner="", plan="pro")))
    return platform


def test_a_moment_is_handed_to_the_node() -> None:
    """A time in milliseconds, a txid as a number; the node's answer comes back with the ids."""
    platform = _platform()
    answer = platform.ask("POST", f"{SHOP}/restore", {"at": "1970-01-01T01:00:01.5+01:00"})
    assert (answer.status, answer.json) == (200, {"id": "shop", "source": "shop", **platform.errands.answer})
    platform.ask("POST", f"{SHOP}/restore", {"txid": "00000000000000fF"})
    assert platform.errands.asked == [
        ("tenant.restore", {"tenant_id": "shop", "at_ms": 1500}),
        ("tenant.restore", {"tenant_id": "shop", "txid": 255}),
    ]


def test_a_new_tenant_is_made_only_where_there_is_such_a_moment() -> None:
    """The moment is looked for first; what the new tenant has of the old one is its plan, not its domain."""
    platform = _platform()
    platform.errands.failing = BadRequest("The moment is not in the tenant's history.")
    wanted = {"txid": "7", "to": "copy", "domain": "Copy.Example.com"}
    assert platform.ask("POST", f"{SHOP}/restore", wanted).status == 400
    assert platform.plane.fleet.tenants.get("copy") is None
    platform.errands.failing = None
    answer = platform.ask("POST", f"{SHOP}/restore", wanted)
    assert (answer.status, answer.json["id"], answer.json["source"]) == (200, "copy", "shop")
    made = platform.plane.fleet.tenants.rows["copy"]
    assert (made.domain, made.plan) == ("copy.example.com", "pro")
    assert platform.errands.asked[-1] == ("tenant.restore", {"tenant_id": "copy", "txid": 7, "source": "shop"})
    again = platform.ask("POST", f"{SHOP}/restore", wanted)
    assert again.status in (400, 409)
    assert "id" in again.json["data"]


@pytest.mark.parametrize(
    "given",
    [
        {"at": "yesterday"},
        {"at": "2026-11-24"},
        {"at": "2026-11-24T10:30:00"},
        {"at": "2026-13-24T10:30:00Z"},
        {"at": 5},
        {"at": ""},
        {"txid": "0"},
        {"txid": "xyz"},
        {"txid": "1" * 17},
        {"to": "copy"},
        {"at": "2026-11-24T10:30:00Z", "txid": "7"},
        {"at": "2026-11-24T10:30:00Z", "domain": "a.b"},
        {"at": "2026-11-24T10:30:00Z", "when": "a.b"},
    ],
)
def test_what_names_no_moment_is_400_and_reaches_no_node(given: dict[str, Any]) -> None:
    """Whatever is wrong, it is said of the field."""
    platform = _platform()
    answer = platform.ask("POST", f"{SHOP}/restore", given)
    assert (answer.status, bool(answer.json["data"])) == (400, True)
    assert platform.errands.asked == []


def test_unknown_and_deleted_tenants_are_404_and_a_store_away_503() -> None:
    """And a restore without a body still undoes a deletion."""
    platform = _platform()
    for path in ("restore", "verify"):
        assert platform.ask("POST", f"/api/cp/tenants/nobody/{path}", {"txid": "7"}).status == 404
    platform.errands.failing = Unavailable("The object store is away.", retry_after_s=5)
    assert platform.ask("POST", f"{SHOP}/verify").status == 503
    assert platform.ask("DELETE", SHOP).status == 200
    assert platform.ask("POST", f"{SHOP}/verify").status == 404
    assert platform.ask("POST", f"{SHOP}/restore").status == 200


def test_verification_tells_each_database() -> None:
    """The node's answer, with the tenant's id."""
    platform = _platform()
    platform.errands.answer = {"ok": False, "databases": {"data.db": {"ok": False, "error": "broken"}}}
    answer = platform.ask("POST", f"{SHOP}/verify")
    assert (answer.status, answer.json) == (200, {"id": "shop", **platform.errands.answer})

"""Who may call the platform's API."""

import pytest

from tests.kit.platform_site import TOKEN, Platform


def test_this_machine_needs_no_token_in_all_in_one() -> None:
    """A request of loopback to localhost is let in."""
    platform = Platform()
    for host in ("localhost:8090", "localhost", "127.0.0.1:8090", "127.8.8.8", "[::1]:8090"):
        assert platform.ask("GET", "/api/cp/tenants", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Origin": "http://test123.localhost:8090"},
        {"X-Forwarded-For": "1.2.3.4"},
        {"Forwarded": "for=1.2.3.4"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "evil.example"},
        {"Host": "test123.localhost:8090"},
        {"Host": "localhost.evil.example"},
        {"Host": "localhost@evil.example"},
        {"Host": "evil@localhost"},
        {"Host": "localhost/x"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Host": "localhost:x"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Authorization": "Bearer admin_wrong"},
        {"Authorization": "Basic abc"},
        {"Authorization": ""},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN.upper()}"},
    ],
)
def test_what_could_come_from_elsewhere_needs_a_token(headers: dict[str, str]) -> None:
    """Another site's page, a proxy, a rebound name: 401, in PocketBase's shape with `error` beside."""
    platform = Platform()
    platform.add_admin()
    got = platform.ask("GET", "/api/cp/tenants", headers=headers)
    assert got.status == 401
    assert set(got.json) == {"status", "message", "data", "error"}
    assert got.json["error"] == got.json["message"]


def test_a_page_of_the_same_site_is_let_in() -> None:
    """An Origin that is the server's own is not another site's."""
    headers = {"Origin": "http://localhost:8090", "Sec-Fetch-Site": "same-origin"}
    assert Platform().ask("GET", "/api/cp/tenants", headers=headers).status == 200


def test_another_machine_needs_a_token() -> None:
    """Only loopback is this machine."""
    platform = Platform()
    platform.add_admin()
    assert platform.ask("GET", "/api/cp/tenants", peer="10.0.0.9").status == 401
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert platform.ask("GET", "/api/cp/tenants", headers=token, peer="10.0.0.9").status == 200


def test_every_other_mode_demands_the_token() -> None:
    """Outside all-in-one loopback is no excuse, and the token works from any site."""
    platform = Platform(loopback_open=False)
    platform.add_admin()
    assert platform.ask("GET", "/api/cp/tenants").status == 401
    headers = {"Authorization": f"bearer {TOKEN}", "Origin": "http://evil.example", "Host": "admin.example.com"}
    assert platform.ask("GET", "/api/cp/tenants", headers=headers).status == 200


def test_only_a_hash_of_the_token_is_kept() -> None:
    """The state does not hold the token."""
    platform = Platform()
    platform.add_admin()
    assert all(TOKEN.encode() not in piece for piece in platform.plane.fleet.export())


def test_health_is_open_to_all() -> None:
    """/api/health needs no token."""
    got = Platform(loopback_open=False).ask("GET", "/api/health", peer="10.0.0.9")
    assert (got.status, got.json["code"], got.json["message"]) == (200, 200, "API is healthy.")


def test_other_paths_are_unknown_and_other_methods_not_allowed() -> None:
    """404 for a path, 405 for a method."""
    platform = Platform()
    assert platform.ask("GET", "/api/cp/nonsense").status == 404
    assert platform.ask("GET", "/nonsense").status == 404
    assert platform.ask("DELETE", "/api/cp/tenants").status == 405

"""The chain of middleware answers as the stock server's does."""

import json

import pytest

from tests.kit.tenant_site import World

SECURITY = {
    "cross-origin-opener-policy": ["same-origin"],
    "x-content-type-options": ["nosniff"],
    "x-frame-options": ["SAMEORIGIN"],
    "x-xss-protection": ["1; mode=block"],
}


def test_health(world: World) -> None:
    """A guest learns that the tenant answers, and gets the usual headers."""
    answer = world.ask("GET", "/api/health")
    assert answer.status == 200
    assert answer.json == {"message": "API is healthy.", "code": 200, "data": {}}
    assert answer.headers == {"content-type": ["application/json"], "vary": ["Origin"], **SECURITY}


def test_health_tells_a_superuser_more(world: World) -> None:
    """The address, a proxy's header, and whether a backup can be made."""
    answer = world.root("GET", "/api/health", cf_connecting_ip="1.2.3.4")
    assert answer.json["data"] == {
        "canBackup": True,
        "realIP": "127.0.0.1",
        "possibleProxyHeader": "CF-Connecting-IP",
    }


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/", "File not found."),
        ("GET", "/api/nosuch", "File not found."),
        ("HEAD", "/api/nosuch", "File not found."),
        ("GET", "/api/health/", "File not found."),
        ("PUT", "/api/health", "The requested resource wasn't found."),
        ("POST", "/api/nosuch", "The requested resource wasn't found."),
        ("FOO", "/", "The requested resource wasn't found."),
        ("POST", "/api/collections/nosuch/auth-with-password", "Missing or invalid collection context."),
        ("POST", "/api/collections/_mfas/auth-with-password", "Missing or invalid auth collection context."),
    ],
)
def test_what_is_not_there(world: World, method: str, path: str, message: str) -> None:
    """404 in the stock server's words; never 405."""
    answer = world.ask(method, path)
    assert answer.status == 404
    assert answer.json == {"data": {}, "message": message, "status": 404}
    assert answer.headers.items() >= SECURITY.items()


def test_a_path_with_double_slashes_is_redirected(world: World) -> None:
    """307 to the canonical path, with a page for GET and without CORS or security headers."""
    answer = world.ask("GET", "/api//health?x=1")
    assert answer.status == 307
    assert answer.headers["location"] == ["/api/health?x=1"]
    assert answer.body == b'<a href="/api/health?x=1">Temporary Redirect</a>.\n\n'
    assert "vary" not in answer.headers
    assert world.ask("POST", "/api//health").body == b""


def test_preflight(world: World) -> None:
    """OPTIONS is answered for every path, without a route, a log line or security headers."""
    plain = world.ask("OPTIONS", "/nosuch")
    assert (plain.status, plain.headers) == (204, {"vary": ["Origin"]})
    cross = world.ask("OPTIONS", "/x", origin="http://x.y", access_control_request_headers="a,b")
    assert cross.status == 204
    assert cross.headers == {
        "access-control-allow-headers": ["a,b"],
        "access-control-allow-methods": ["GET,HEAD,PUT,PATCH,POST,DELETE"],
        "access-control-allow-origin": ["*"],
        "vary": ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"],
    }


def test_cross_site(world: World) -> None:
    """Any origin may read any answer, a refusal too."""
    for path in ("/api/health", "/api/nosuch"):
        assert world.ask("GET", path, origin="http://x.y").headers["access-control-allow-origin"] == ["*"]


@pytest.mark.parametrize(
    "authorization", ["x", "Bearer x", "Bearer ", "Basic eDp5", "a.b.c", "\N{GREEK SMALL LETTER MU}"]
)
def test_an_invalid_token_is_a_guests(world: World, authorization: str) -> None:
    """Nobody is refused for a token that is none."""
    assert world.ask("GET", "/api/health", authorization=authorization).json["data"] == {}


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer ", "BEARER "])
def test_the_word_bearer_is_optional(world: World, prefix: str) -> None:
    """A token is taken with and without it, in any case."""
    token = world.login()
    assert world.ask("GET", "/api/health", authorization=prefix + token).json["data"] != {}


def test_an_unexpected_error_is_a_bare_500(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks inside is told to the log, not to the client."""
    monkeypatch.setattr(world.tenant.catalog, "collection", lambda _: 1 / 0)
    answer = world.ask("GET", "/api/collections/users/auth-methods")
    assert answer.status == 500
    assert answer.json["message"] == "Something went wrong while processing your request."
    assert b"division" not in answer.body


def test_a_body_over_the_limit_is_refused_by_its_announcement(world: World) -> None:
    """413 before a byte of it is read."""
    answer = world.ask("POST", "/api/collections/users/auth-with-password", b"x" * (32 * 1024 * 1024 + 1))
    assert answer.status == 413
    assert answer.json["message"] == "Request entity too large."


def test_superusers_from_elsewhere_are_refused(world: World) -> None:
    """With an allow-list, another address is refused even with a valid token, and cannot log in."""
    token = world.login()
    world.tenant.settings.superuser_ips.append("10.0.0.0/8")
    assert world.ask("GET", "/api/health", authorization=token).status == 403
    assert world.ask("GET", "/api/health", authorization=token, peer="10.1.2.3").status == 200
    login = {"identity": "root@example.com", "password": "pass123456"}
    assert world.ask("POST", "/api/collections/_superusers/auth-with-password", login).status == 403
    assert world.ask("POST", "/api/collections/_superusers/auth-with-password", login, peer="10.0.0.1").status == 200


def test_requests_are_logged(world: World) -> None:
    """A row for each, failures at level 8 with their reason, preflights none."""
    world.ask("GET", "/api/health?x=%41", user_agent="me", referer="there")
    world.ask("OPTIONS", "/api/health")
    world.ask("POST", "/api/collections/users/auth-with-password", {"identity": ""})
    rows = world.query("SELECT level, message, data FROM _logs ORDER BY rowid", auxiliary=True)
    assert [(row[0], row[1]) for row in rows] == [
        (0, "GET /api/health?x=A"),
        (8, "POST /api/collections/users/auth-with-password"),
    ]
    first, second = json.loads(rows[0][2]), json.loads(rows[1][2])
    assert first.pop("execTime") > 0
    assert first == {
        "auth": "",
        "method": "GET",
        "referer": "there",
        "remoteIP": "127.0.0.1",
        "status": 200,
        "type": "request",
        "url": "/api/health?x=%41",
        "userAgent": "me",
        "userIP": "127.0.0.1",
    }
    assert second["details"] == {"identity": "cannot be blank", "password": "cannot be blank"}
    assert second["error"] == "An error occurred while validating the submitted data."

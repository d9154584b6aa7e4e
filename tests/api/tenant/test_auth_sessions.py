"""Sessions: who gets one, and every way in which a token that is not genuine gets nothing."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbe.tenant import token, token_cache
from tests.kit.tenant_site import ROOT_EMAIL, ROOT_PASSWORD, World

USERS = "/api/collections/users"
_PASS = {"password": "pass123456", "passwordConfirm": "pass123456"}


def _user(world: World, email: str = "u@x.co", **more: Any) -> str:
    answer = world.root("POST", f"{USERS}/records", {"email": email, **_PASS, **more})
    assert answer.status == 200, answer.body
    return str(answer.json["id"])


def _is_root(world: World, text: str) -> bool:
    return world.ask("GET", "/api/settings", authorization=text).status == 200


def _claims(text: str) -> dict[str, Any]:
    part = text.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_a_log_in_answers_record_and_token(world: World) -> None:
    """The stock server's shape, the caller's own address shown, and no password anywhere."""
    _user(world)
    body = {"identity": "u@x.co", "password": "pass123456"}
    answer = world.ask("POST", f"{USERS}/auth-with-password", body)
    assert set(answer.json) == {"record", "token"}
    assert answer.json["record"]["email"] == "u@x.co"
    assert not {"password", "tokenKey"} & set(answer.json["record"])
    claims = _claims(answer.json["token"])
    assert claims["type"] == "auth"
    assert claims["refreshable"] is True
    assert claims["exp"] == 1_767_225_600 + 432_000


def test_a_token_ends_with_its_time(world: World) -> None:
    """To the second."""
    text = world.login()
    world.clock.advance(86_400 - 1)
    assert _is_root(world, text)
    world.clock.advance(1)
    assert not _is_root(world, text)


def test_a_changed_password_ends_every_session(world: World) -> None:
    """The cached one, too."""
    user = _user(world)
    text = world.login("u@x.co", "pass123456", "users")
    refresh = f"{USERS}/auth-refresh"
    assert world.ask("POST", refresh, authorization=text).status == 200
    world.root("PATCH", f"{USERS}/records/{user}", {"password": "another123", "passwordConfirm": "another123"})
    assert world.ask("POST", refresh, authorization=text).status == 401


def test_a_changed_secret_ends_every_session_of_the_collection(world: World) -> None:
    """Of that collection only."""
    _user(world)
    text = world.login("u@x.co", "pass123456", "users")
    refresh = f"{USERS}/auth-refresh"
    assert world.ask("POST", refresh, authorization=text).status == 200
    world.root("PATCH", USERS, {"authToken": {"secret": "x" * 50, "duration": 1000}})
    assert world.ask("POST", refresh, authorization=text).status == 401
    assert _is_root(world, world.token)


def test_a_deleted_record_has_no_session(world: World) -> None:
    """Even if its token was verified a moment ago."""
    user = _user(world)
    text = world.login("u@x.co", "pass123456", "users")
    assert world.ask("POST", f"{USERS}/auth-refresh", authorization=text).status == 200
    world.root("DELETE", f"{USERS}/records/{user}")
    assert world.ask("POST", f"{USERS}/auth-refresh", authorization=text).status == 401


def _mutations(claims: dict[str, Any]) -> list[dict[str, Any]]:
    """The claims with each one dropped, emptied, or of every other type and value."""
    others: list[Any] = [None, "", 0, 1, True, [], {}, "x", "auth", "file", -1, 1e300, "users", "_superusers"]
    changed = [{key: value for key, value in claims.items() if key != name} for name in claims]
    return changed + [{**claims, name: other} for name in claims for other in others if claims[name] != other]


def test_no_changed_claim_is_believed(world: World) -> None:
    """Every field of the token mutated, under the old signature and under an empty key's: always a guest."""
    text = world.login()
    head, _, signature = text.split(".")
    for claims in _mutations(_claims(text)):
        part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        assert not _is_root(world, f"{head}.{part}.{signature}"), claims
        assert not _is_root(world, token.sign(claims, "", 2_000_000_000)), claims
    assert _is_root(world, text)


def test_no_changed_header_is_believed(world: World) -> None:
    """No other algorithm, none at all, nor a header that is no header."""
    _, claims, signature = world.login().split(".")
    for header in (
        {"alg": "none"},
        {"alg": "HS384"},
        {"alg": "RS256"},
        {},
        [],
        "x",
        None,
        {"alg": ["HS256"]},
        {"alg": 1},
    ):
        part = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        assert not _is_root(world, f"{part}.{claims}.{signature}")
        assert not _is_root(world, f"{part}.{claims}.")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A tenant that the fuzz of one module shares."""
    made = World(tmp_path_factory.mktemp("fuzz"))
    made.token = made.login()
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.data())
def test_no_damaged_token_is_believed(shared: World, data: st.DataObject) -> None:
    """Fuzz: bytes of a genuine token changed, dropped, doubled or swapped give a guest, and never an error."""
    text = shared.token
    at, until = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    insert = data.draw(st.text("ABCabc012-_.=+/ é\t", max_size=6))
    damaged = text[:at] + insert + text[until:]
    answer = shared.ask("GET", "/api/settings", authorization=damaged.encode().decode("latin-1"))
    if damaged == text or damaged[:-1] == text[:-1]:
        return
    assert answer.status == 401


def test_tokens_are_good_for_one_thing_only(world: World) -> None:
    """A file token opens no session, a session's token is no file token, and none confirms anything."""
    _user(world)
    session = world.login("u@x.co", "pass123456", "users")
    file_token = world.ask("POST", "/api/files/token", authorization=session).json["token"]
    assert world.ask("POST", f"{USERS}/auth-refresh", authorization=file_token).status == 401
    for text in (session, file_token):
        for path, extra in (
            ("confirm-verification", {}),
            ("confirm-password-reset", _PASS),
            ("confirm-email-change", {"password": "pass123456"}),
        ):
            assert world.ask("POST", f"{USERS}/{path}", {"token": text, **extra}).status == 400


def test_the_cache_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tokens are shown, few are remembered; garbage never is."""
    monkeypatch.setattr(token_cache, "TOKENS_MAX", 3)
    user = world.query("SELECT id FROM _superusers")[0][0]
    for seconds in range(100, 110):
        text = world.root("POST", f"/api/collections/_superusers/impersonate/{user}", {"duration": seconds}).json[
            "token"
        ]
        assert _is_root(world, text)
        world.ask("GET", "/api/health", authorization=f"x.y.{seconds}")
    assert len(world.tenant.tokens) <= 3


def test_a_wrong_password_and_nobody_are_answered_alike(world: World) -> None:
    """Same status, same words; and a check of some password is paid for either way."""
    body = {"identity": ROOT_EMAIL, "password": "wrong"}
    path = "/api/collections/_superusers/auth-with-password"
    ran = world.services.workers.ran  # type: ignore[attr-defined]
    wrong = world.ask("POST", path, body)
    once = world.services.workers.ran - ran  # type: ignore[attr-defined]
    nobody = world.ask("POST", path, {**body, "identity": "nobody@example.com"})
    twice = world.services.workers.ran - ran - once  # type: ignore[attr-defined]
    assert (wrong.status, wrong.json) == (nobody.status, nobody.json)
    assert once == twice == 1
    assert world.ask("POST", path, {**body, "password": ROOT_PASSWORD}).status == 200


def test_an_alert_is_mailed_for_a_new_place_only(world: World) -> None:
    """Not for the first log-in, not for a known one; five places are remembered."""
    world.login()
    path, body = "/api/collections/_superusers/auth-with-password", {"identity": ROOT_EMAIL, "password": ROOT_PASSWORD}
    assert not world.mail.messages
    world.ask("POST", path, body, user_agent="<b>new</b>")
    assert len(world.mail.messages) == 1
    assert "&lt;b&gt;new&lt;/b&gt;" in world.mail.messages[0].html
    world.ask("POST", path, body, user_agent="<b>new</b>")
    assert len(world.mail.messages) == 1
    for number in range(6):
        world.clock.advance(1)
        world.ask("POST", path, body, user_agent=f"agent {number}")
    assert world.query("SELECT count(*) FROM _authOrigins") == [(5,)]


def test_a_log_in_does_not_wait_for_its_alert_to_succeed(world: World) -> None:
    """A mail server that refuses costs the alert, not the session."""
    world.login()
    world.mail.refuse = "no"
    body = {"identity": ROOT_EMAIL, "password": ROOT_PASSWORD}
    answer = world.ask("POST", "/api/collections/_superusers/auth-with-password", body, user_agent="other")
    assert answer.status == 200
    rows = world.query("SELECT message FROM _logs WHERE level = 4", auxiliary=True)
    assert ("[recordAuthResponse] Failed to send login alert",) in rows


def test_five_guesses_at_a_one_time_password(world: World) -> None:
    """Then even the right one has to wait three minutes."""
    _user(world)
    world.root("PATCH", USERS, {"otp": {"enabled": True}})
    otp = world.ask("POST", f"{USERS}/request-otp", {"email": "u@x.co"}).json["otpId"]
    for _ in range(20):
        world.clock.advance(0)
    password = world.mail.messages[-1].html.split("<strong>")[1][:8]
    for _ in range(5):
        assert world.ask("POST", f"{USERS}/auth-with-otp", {"otpId": otp, "password": "x"}).status == 400
    right = {"otpId": otp, "password": password}
    assert world.ask("POST", f"{USERS}/auth-with-otp", right).status == 429
    world.clock.advance(181)
    assert world.ask("POST", f"{USERS}/auth-with-otp", right).status == 400  # it has expired


def test_a_flood_of_one_time_passwords_reuses_the_last(world: World) -> None:
    """After ten, no further mail is sent."""
    _user(world)
    world.root("PATCH", USERS, {"otp": {"enabled": True}})
    ids = [world.ask("POST", f"{USERS}/request-otp", {"email": "u@x.co"}).json["otpId"] for _ in range(13)]
    for _ in range(20):
        world.clock.advance(0)
    assert len(set(ids)) == 10
    assert len(world.mail.messages) == 10

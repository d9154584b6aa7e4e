"""What is asked of a provider for a code, and what is made of its answers."""

import base64
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import parse_qs

import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.errors import NetError
from pbe.net.outbound import Reply
from pbe.tenant.auth_exchange import Exchange, TokenRefused
from pbe.tenant.auth_profile import OAuthUser, ProfileRefused
from pbe.tenant.auth_provider import Provider

T = TypeVar("T")
NOW = 1_790_000_000.0
TOKEN, INFO = "https://id.example/token", "https://id.example/me"
_CONFIG: dict[str, Any] = {
    "name": "oidc", "clientId": "id", "clientSecret": "s c&t", "authURL": "https://id.example/auth", "tokenURL": TOKEN,
    "userInfoURL": INFO, "displayName": "", "pkce": None, "extra": {},
}  # fmt: skip
_OK = {"access_token": "at", "refresh_token": "rt", "expires_in": 3600}
_ME = {"sub": "7", "name": "N", "email": "e@x.co", "email_verified": True}


def _now(coroutine: Coroutine[Any, Any, T]) -> T:
    with pytest.raises(StopIteration) as caught:
        coroutine.send(None)
    found: T = caught.value.value
    return found


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps(value), {"content-type": "application/json"})


class Peer:
    """Answers calls from a list, and keeps what was asked."""

    def __init__(self, *answers: Reply | NetError) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    async def call(self, method: str, url: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Reply:
        """The next answer."""
        self.asked.append((method, url, dict(headers), body))
        answer = self._answers.pop(0)
        if isinstance(answer, NetError):
            raise answer
        return answer

    def form(self, index: int) -> dict[str, str]:
        """The form of one call."""
        return {name: values[0] for name, values in parse_qs(self.asked[index][3].decode()).items()}


def _exchange(peer: Peer, **config: Any) -> Exchange:
    provider = Provider.configured({**_CONFIG, **config})
    assert provider is not None
    return Exchange(provider, peer, lambda: NOW)


def _user(peer: Peer, **config: Any) -> OAuthUser:
    exchange = _exchange(peer, **config)
    _now(exchange.token("code", "verifier", "https://app.example/r"))
    return _now(exchange.user())


def test_a_code_becomes_a_user() -> None:
    """The client's credentials go by Basic authentication, the token as a bearer."""
    peer = Peer(_json(_OK), _json(_ME))
    user = _user(peer)
    assert (user.id, user.name, user.email, user.access_token, user.refresh_token) == ("7", "N", "e@x.co", "at", "rt")
    assert user.expiry == "2026-09-21 15:13:20.000Z"
    (asked, profile) = peer.asked
    assert asked[:2] == ("POST", TOKEN)
    assert base64.b64decode(asked[2]["Authorization"].removeprefix("Basic ")) == b"id:s+c%26t"
    assert peer.form(0) == {
        "code": "code",
        "grant_type": "authorization_code",
        "redirect_uri": "https://app.example/r",
        "code_verifier": "verifier",
    }
    assert profile[:2] == ("GET", INFO)
    assert profile[2]["Authorization"] == "Bearer at"


def test_a_provider_that_wants_credentials_in_the_form_gets_them_there() -> None:
    """As a second try; without PKCE there is no verifier, without a redirect none is named."""
    peer = Peer(_json({"error": "invalid_client"}, 401), _json(_OK))
    exchange = _exchange(peer, pkce=False)
    assert _now(exchange.token("code", "verifier", ""))["access_token"] == "at"
    assert peer.form(0) == {"code": "code", "grant_type": "authorization_code"}
    assert peer.form(1) == {**peer.form(0), "client_id": "id", "client_secret": "s c&t"}
    assert "Authorization" not in peer.asked[1][2]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (_json({"error": "invalid_grant", "error_description": "used twice"}, 400), "used twice"),
        (_json({"error": "invalid_grant"}, 400), "invalid_grant"),
        (_json({"error": "slow_down"}), "slow_down"),
        (_json({}), "status 200"),
        (_json(_OK, 500), "status 500"),
        (_json(["at"]), "status 200"),
        (Reply(200, b"<html>"), "status 200"),
        (Reply(302, b"", {"location": "https://elsewhere.example"}), "status 302"),
        (NetError("call", TOKEN, hint="refused"), "refused"),
    ],
)
def test_no_token(reply: Reply | NetError, reason: str) -> None:
    """Both ways were tried, and the reason is told."""
    peer = Peer(reply, reply)
    with pytest.raises(TokenRefused, match=reason):
        _now(_exchange(peer).token("code", "v", ""))
    assert len(peer.asked) == 2


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain; charset=utf-8"])
def test_a_token_may_come_as_a_form(kind: str) -> None:
    """Some providers' do, whatever was accepted."""
    peer = Peer(Reply(200, b"access_token=at&scope=a%20b&expires_in=60", {"content-type": kind}), _json(_ME))
    user = _user(peer)
    assert (user.access_token, user.expiry) == ("at", "2026-09-21 14:14:20.000Z")


@pytest.mark.parametrize("lifetime", [None, 0, -5, "", "soon", "²", 1.5, [], {}, True, "9" * 5000])
def test_a_lifetime_that_is_none(lifetime: Any) -> None:
    """Then the token has no expiry."""
    assert _user(Peer(_json({**_OK, "expires_in": lifetime}), _json(_ME))).expiry == ""


def test_the_longest_lifetime_is_bounded() -> None:
    """Dates end somewhere."""
    assert _user(Peer(_json({**_OK, "expires_in": 10**17}), _json(_ME))).expiry.startswith("2094-")


@pytest.mark.parametrize(
    "reply",
    [
        _json(_ME, 401),
        _json([_ME]),
        _json(None),
        Reply(200, b""),
        NetError("call", INFO, hint="broken"),
    ],
)
def test_no_profile(reply: Reply | NetError) -> None:
    """A profile that is none is refused as such and not as a missing token."""
    with pytest.raises(ProfileRefused) as caught:
        _user(Peer(_json(_OK), reply))
    assert not isinstance(caught.value, TokenRefused)


def test_an_id_token_stands_in_for_a_profile() -> None:
    """Of an oidc provider without a userInfoURL, when its issuer is one of those named."""
    secret = "s" * 32
    for issuer, fine in (("https://id.example", True), ("https://evil.example", False)):
        claims = {**_ME, "iss": issuer, "aud": "id", "exp": NOW + 60}
        peer = Peer(_json({**_OK, "id_token": jwt.encode(claims, secret, "HS256")}))
        config = {"userInfoURL": "", "extra": {"issuers": ["https://id.example"]}}
        if fine:
            assert _user(peer, **config).id == "7"
        else:
            with pytest.raises(ProfileRefused):
                _user(peer, **config)
        assert len(peer.asked) == 1


def test_keys_are_asked_for_and_hold() -> None:
    """With a jwksURL, an id_token that none of its keys signed is refused."""
    claims = {**_ME, "aud": "id", "exp": NOW + 60}
    token = jwt.encode(claims, "s" * 32, "HS256", headers={"kid": "one"})
    for keys in (_json({"keys": []}), _json(None), Reply(200, b"x"), NetError("call", "keys", hint="down")):
        peer = Peer(_json({**_OK, "id_token": token}), keys)
        with pytest.raises(ProfileRefused):
            _user(peer, userInfoURL="", extra={"jwksURL": "https://id.example/keys"})
        assert peer.asked[1][:2] == ("GET", "https://id.example/keys")


@given(st.binary(max_size=80), st.binary(max_size=80), st.sampled_from(["application/json", "text/plain", ""]))
def test_a_provider_may_answer_anything(token: bytes, profile: bytes, kind: str) -> None:
    """The log-in fails; nothing else does."""
    with suppress(ProfileRefused):
        _user(Peer(Reply(200, token, {"content-type": kind}), Reply(200, token), Reply(200, profile)))
    exchange = Peer(_json(_OK), Reply(200, profile, {"content-type": kind}))
    with pytest.raises(ProfileRefused):
        _user(exchange)

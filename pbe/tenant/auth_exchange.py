"""From an OAuth2 code to the provider's user: token, profile, and what vouches for them (RFC 6749, 7636, OIDC Core)."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote_plus, urlencode

import orjson

from pbe.errors import NetError
from pbe.net.outbound import Reply
from pbe.schema import dates
from pbe.tenant import auth_id_token
from pbe.tenant.auth_profile import OAuthUser, ProfileRefused, read_profile
from pbe.tenant.auth_provider import Provider

APPLE_ISSUER = "https://appleid.apple.com"
APPLE_KEYS = "https://appleid.apple.com/auth/keys"
_LIFETIME_S_MAX = 2**31 - 1
_DIGITS_MAX = 18
_FORM = ("Content-Type", "application/x-www-form-urlencoded")
_JSON = ("Content-Type", "application/json")


class Calls(Protocol):
    """What makes HTTP calls; `net.outbound.Outbound` does."""

    async def call(self, method: str, url: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Reply:
        """The answer, or `NetError`."""
        ...


class TokenRefused(ProfileRefused):
    """The provider gave no token for the code."""


class Exchange:
    """One log-in at a provider. Every failure is a `ProfileRefused` (a `TokenRefused` before there is a token)."""

    def __init__(self, provider: Provider, calls: Calls, now: Callable[[], float]) -> None:
        self._provider = provider
        self._calls = calls
        self._now = now
        self._token: Mapping[str, Any] = {}

    async def token(self, code: str, verifier: str, redirect_url: str) -> Mapping[str, Any]:
        """The token endpoint's answer for a code. The client's credentials go by Basic authentication first, then in
        the form, since a provider takes one or the other.
        """
        provider = self._provider
        form = {"code": code, "grant_type": "authorization_code"}
        if redirect_url:
            form["redirect_uri"] = redirect_url
        if provider.pkce:
            form["code_verifier"] = verifier
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}".encode()
        basic = ("Authorization", "Basic " + base64.b64encode(pair).decode())
        try:
            self._token = await self._ask_token(form, basic)
        except TokenRefused:
            secrets = {"client_id": provider.client_id, "client_secret": provider.client_secret}
            self._token = await self._ask_token({**form, **secrets})
        return self._token

    async def user(self) -> OAuthUser:
        """The user of the token."""
        token = self._token
        claims = self._peek_claims()
        raw = await self._profile()
        user = await read_profile(self._provider, raw, token, claims, self._fetch)
        seconds = _lifetime_s(token.get("expires_in"))
        return replace(
            user,
            access_token=str(token.get("access_token") or ""),
            refresh_token=str(token.get("refresh_token") or ""),
            expiry=dates.from_seconds(self._now() + seconds) if seconds else "",
        )

    async def _ask_token(self, form: Mapping[str, str], *headers: tuple[str, str]) -> Mapping[str, Any]:
        try:
            reply = await self._calls.call(
                "POST", self._provider.token_url, (_FORM, *headers), urlencode(form).encode()
            )
        except (NetError, ValueError) as error:
            raise TokenRefused(str(error)) from error
        token = _read_token(reply)
        if reply.status >= 300 or not token.get("access_token"):
            reason = token.get("error_description") or token.get("error") or f"status {reply.status}"
            raise TokenRefused(f"the token endpoint answered: {reason}")
        return token

    async def _profile(self) -> dict[str, Any]:
        provider = self._provider
        if provider.name == "apple":
            return await self._id_token_claims((APPLE_ISSUER,), APPLE_KEYS, expires=True)
        if provider.name.startswith("oidc") and not provider.user_info_url:
            issuers = provider.extra.get("issuers") or ()
            listed = [str(one) for one in issuers] if isinstance(issuers, list | tuple) else [str(issuers)]
            return await self._id_token_claims(listed, str(provider.extra.get("jwksURL") or ""), expires=False)
        headers = [
            (name, value.replace("{clientId}", provider.client_id))
            for name, value in provider.request.get("headers", {}).items()
        ]
        query = provider.request.get("graphql")
        if query is None:
            status, raw = await self._fetch(provider.user_info_url, headers)
        else:
            status, raw = await self._send("POST", provider.user_info_url, [_JSON], orjson.dumps({"query": query}))
        if status >= 400 or not isinstance(raw, dict):
            raise ProfileRefused(f"{provider.user_info_url} answered {status}")
        return raw

    async def _id_token_claims(self, issuers: Sequence[str], keys_url: str, *, expires: bool) -> dict[str, Any]:
        token = self._token.get("id_token")
        claims = auth_id_token.unverified(token)[1]
        auth_id_token.check_claims(
            claims, self._now(), audience=self._provider.client_id, issuers=issuers, expires=expires
        )
        if keys_url:
            auth_id_token.check_signature(str(token), await self._keys(keys_url))
        return claims

    async def _keys(self, url: str) -> Any:
        try:
            reply = await self._calls.call("GET", url)
        except (NetError, ValueError) as error:
            raise ProfileRefused(str(error)) from error
        return _json(reply)

    def _peek_claims(self) -> Mapping[str, Any]:
        """The id_token's claims where it has some that hold; trusted only as far as the token endpoint is."""
        try:
            claims = auth_id_token.unverified(self._token.get("id_token"))[1]
            auth_id_token.check_claims(claims, self._now())
        except ProfileRefused:
            return {}
        return claims

    async def _fetch(self, url: str, headers: Sequence[tuple[str, str]] = ()) -> tuple[int, Any]:
        return await self._send("GET", url, headers)

    async def _send(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes = b""
    ) -> tuple[int, Any]:
        bearer = ("Authorization", f"Bearer {self._token['access_token']}")
        try:
            reply = await self._calls.call(method, url, [bearer, *headers], body)
        except (NetError, ValueError) as error:
            raise ProfileRefused(str(error)) from error
        return reply.status, _json(reply)


def _lifetime_s(value: Any) -> int:
    """A token's `expires_in`; 0 where it says none that can be kept."""
    text = str(value)
    return min(int(text), _LIFETIME_S_MAX) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else 0


def _read_token(reply: Reply) -> Mapping[str, Any]:
    """A token endpoint answers JSON, or a form."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip()
    if kind in ("application/x-www-form-urlencoded", "text/plain"):
        found = dict(parse_qsl(reply.body.decode("utf-8", "replace")))
        if found.get("access_token"):
            return found
    value = _json(reply)
    return value if isinstance(value, dict) else {}


def _json(reply: Reply) -> Any:
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None

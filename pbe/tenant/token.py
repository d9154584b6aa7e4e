"""Record tokens: HS256 JWTs that the stock server issues and accepts for the same data.

The key is the record's `tokenKey` followed by its collection's secret for the token's type, so changing either revokes
every token. Compact form: base64url(header) "." base64url(claims) "." base64url(HMAC-SHA256), no padding, claims sorted
by name. What a token says is only believed after `verify`; `parse_unverified` promises nothing but its shape and times.
"""

import base64
import binascii
import hashlib
import hmac
import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

from pbe.errors import PbeError

AUTH = "auth"
FILE = "file"
VERIFICATION = "verification"
PASSWORD_RESET = "passwordReset"
EMAIL_CHANGE = "emailChange"

SECRET_OPTIONS = {
    AUTH: "authToken",
    FILE: "fileToken",
    VERIFICATION: "verificationToken",
    PASSWORD_RESET: "passwordResetToken",
    EMAIL_CHANGE: "emailChangeToken",
}
"""Token type → the auth collection's option that holds its `secret` and `duration` in seconds."""

TOKEN_CHARS_MAX = 8192
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")
_METHODS = frozenset({
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
    "EdDSA", "none",
})  # fmt: skip
_HEADER = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"


class TokenInvalid(PbeError):
    """The token cannot be read, is not valid now, or is not signed by the key."""

    def __init__(self, reason: str) -> None:
        super().__init__("read token", hint=reason)


def sign(claims: Mapping[str, Any], key: str, expires: int) -> str:
    """The token of `claims` and `exp` (seconds since the epoch), unless the claims carry an `exp` of their own."""
    payload = orjson.dumps({"exp": expires, **claims}, option=orjson.OPT_SORT_KEYS)
    signed = _HEADER + b"." + _encode(payload)
    return (signed + b"." + _encode(_mac(signed, key))).decode()


def parse_unverified(token: str, now: float) -> dict[str, Any]:
    """The claims of `token`, its times checked against `now`, its signature not."""
    match = _SHAPE.fullmatch(token) if len(token) <= TOKEN_CHARS_MAX else None
    if match is None:
        raise TokenInvalid("not three base64url parts")
    header = _json_object(match[1], "header")
    if str(header.get("alg")) not in _METHODS:
        raise TokenInvalid("unknown signing method")
    claims = _json_object(match[2], "claims")
    _check_times(claims, now)
    return claims


def verify(token: str, key: str, now: float) -> dict[str, Any]:
    """The claims of a `token` that is valid at `now` and was signed with HS256 by `key`."""
    claims = parse_unverified(token, now)
    signed, _, signature = token.rpartition(".")
    if _json_object(signed.partition(".")[0], "header").get("alg") != "HS256":
        raise TokenInvalid("not HS256")
    if not hmac.compare_digest(_decode(signature), _mac(signed.encode(), key)):
        raise TokenInvalid("wrong signature")
    return claims


def expires(claims: Mapping[str, Any]) -> float:
    """The second at which the claims expire; infinity where they have none."""
    return float(claims.get("exp") or math.inf)


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    """A time that is 0 or absent does not limit; one that is no number refuses the token."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TokenInvalid(f"{name} is no number")
        if value and (now >= int(value) if name == "exp" else now < int(value)):
            raise TokenInvalid(f"{name} does not hold now")


def _json_object(part: str, what: str) -> dict[str, Any]:
    try:
        value = orjson.loads(_decode(part))
    except orjson.JSONDecodeError:
        raise TokenInvalid(f"{what}: not JSON") from None
    if not isinstance(value, dict):
        raise TokenInvalid(f"{what}: not an object")
    return value


def _mac(signed: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), signed, hashlib.sha256)


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise TokenInvalid("not base64url") from None

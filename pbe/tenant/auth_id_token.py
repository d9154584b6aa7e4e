"""OpenID Connect id_tokens: their claims, times, audience, issuer, and signature by a provider's published keys."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
import orjson

from pbe.tenant.auth_profile import ProfileRefused

LEEWAY_S = 300
_SIGNING = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "ES256", "ES384", "ES512"})


def unverified(token: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(header, claims) of a JWT, nothing checked. Raises ProfileRefused for what is none."""
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        raise ProfileRefused("no id_token, or one that is no JWT")
    return _object(parts[0]), _object(parts[1])


def check_claims(
    claims: Mapping[str, Any], now: float, *, audience: str = "", issuers: Sequence[str] = (), expires: bool = False
) -> None:
    """Refuse claims that do not hold at `now` (within LEEWAY_S), or for somebody else; `expires` demands an `exp`."""
    exp, nbf, iat = (_seconds(claims, name) for name in ("exp", "nbf", "iat"))
    if (exp is None and expires) or (exp is not None and now >= exp + LEEWAY_S):
        raise ProfileRefused("the id_token has expired")
    if (nbf is not None and now < nbf - LEEWAY_S) or (iat is not None and now < iat - LEEWAY_S):
        raise ProfileRefused("the id_token is from the future")
    if audience:
        given = claims.get("aud")
        if audience not in (given if isinstance(given, list) else [given]):
            raise ProfileRefused("the id_token is for another client")
    if issuers and claims.get("iss") not in issuers:
        raise ProfileRefused("the id_token is of another issuer")


def check_signature(token: str, keys: Any) -> None:
    """Refuse a token that no key of a JSON Web Key Set signed under the token's `kid`."""
    kid = unverified(token)[0].get("kid")
    listed = keys.get("keys") if isinstance(keys, Mapping) else None
    for key in listed if isinstance(listed, list) and isinstance(kid, str) and kid else ():
        if isinstance(key, Mapping) and key.get("kid") == kid and key.get("alg") in _SIGNING:
            try:
                jwt.decode(
                    token,
                    jwt.PyJWK.from_dict(dict(key)).key,
                    algorithms=[key["alg"]],
                    options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
                )
            except jwt.PyJWTError as error:
                raise ProfileRefused(f"the id_token's signature: {error}") from error
            return
    raise ProfileRefused("the id_token names no published key")


def _object(part: str) -> dict[str, Any]:
    try:
        value = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError) as error:
        raise ProfileRefused("the id_token cannot be read") from error
    if not isinstance(value, dict):
        raise ProfileRefused("the id_token cannot be read")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value or None
    raise ProfileRefused(f"the id_token's {name} is no time")

"""The client secret for Sign in with Apple: a JWT that the account's own key signs (ES256)."""

import re
from collections.abc import Mapping
from typing import Any

import jwt

from pbe.errors import field_error
from pbe.schema import rules

ID_CHARS = 10
DURATION_S_MAX = 15_777_000
AUDIENCE = "https://appleid.apple.com"
_KEY = re.compile(r"(?m)-----BEGIN PRIVATE KEY----[\s\S]+-----END PRIVATE KEY-----")


class KeyUnreadable(ValueError):
    """The private key is none on a curve."""


def check(form: Mapping[str, Any]) -> dict[str, Any] | None:
    """The errors of the form's values."""
    return rules.gather(
        clientId=rules.required(form["clientId"]),
        teamId=rules.first(form["teamId"], rules.required, _exactly),
        keyId=rules.first(form["keyId"], rules.required, _exactly),
        privateKey=rules.first(form["privateKey"], rules.required, rules.matches(_KEY.search)),
        duration=rules.first(form["duration"], rules.required, rules.at_least(1), rules.at_most(DURATION_S_MAX)),
    )


def generate(form: Mapping[str, Any], now: float) -> str:
    """The secret; raises KeyUnreadable."""
    claims = {
        "aud": AUDIENCE,
        "sub": form["clientId"],
        "iss": form["teamId"],
        "iat": int(now),
        "exp": int(now) + form["duration"],
    }
    try:
        return jwt.encode(claims, form["privateKey"].strip(), algorithm="ES256", headers={"kid": form["keyId"]})
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise KeyUnreadable("key is not a valid ECDSA private key") from error


def _exactly(value: str) -> dict[str, Any] | None:
    if len(value.encode()) == ID_CHARS:
        return None
    size = {"min": ID_CHARS, "max": ID_CHARS}
    return field_error("validation_length_invalid", f"the length must be exactly {ID_CHARS}", size)

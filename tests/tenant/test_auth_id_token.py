"""id_tokens are believed for what was checked of them."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant import auth_id_token as id_token
from pbe.tenant.auth_profile import ProfileRefused

NOW = 1_790_000_000.0
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_ED = ed25519.Ed25519PrivateKey.generate()


def _jwk(key: Any, algorithm: Any, kid: str, alg: str) -> dict[str, Any]:
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "alg": alg}


KEYS = {
    "keys": [
        _jwk(_RSA, jwt.algorithms.RSAAlgorithm, "one", "RS256"),
        _jwk(_ED, jwt.algorithms.OKPAlgorithm, "two", "EdDSA"),
    ]
}


@pytest.mark.parametrize(
    ("claims", "options", "valid"),
    [
        ({}, {}, True),
        ({}, {"expires": True}, False),
        ({"exp": NOW - 299}, {"expires": True}, True),
        ({"exp": NOW - 300}, {}, False),
        ({"exp": "x"}, {}, False),
        ({"nbf": NOW + 299}, {}, True),
        ({"nbf": NOW + 301}, {}, False),
        ({"iat": NOW + 301}, {}, False),
        ({"aud": "me"}, {"audience": "me"}, True),
        ({"aud": ["you", "me"]}, {"audience": "me"}, True),
        ({"aud": "you"}, {"audience": "me"}, False),
        ({}, {"audience": "me"}, False),
        ({"iss": "a"}, {"issuers": ["a", "b"]}, True),
        ({"iss": "c"}, {"issuers": ["a", "b"]}, False),
        ({}, {"issuers": ["a"]}, False),
    ],
)
def test_claims(claims: dict[str, Any], options: dict[str, Any], valid: bool) -> None:
    """Times within five minutes, the audience, the issuer."""
    if valid:
        id_token.check_claims(claims, NOW, **options)
    else:
        with pytest.raises(ProfileRefused):
            id_token.check_claims(claims, NOW, **options)


def test_a_published_key_signs() -> None:
    """RSA and Ed25519, found by the token's kid."""
    id_token.check_signature(jwt.encode({"sub": "1"}, _RSA, "RS256", headers={"kid": "one"}), KEYS)
    id_token.check_signature(jwt.encode({"sub": "1"}, _ED, "EdDSA", headers={"kid": "two"}), KEYS)


@pytest.mark.parametrize(
    ("token", "keys"),
    [
        (jwt.encode({"sub": "1"}, _RSA, "RS256", headers={"kid": "two"}), KEYS),
        (jwt.encode({"sub": "1"}, _RSA, "RS256", headers={"kid": "three"}), KEYS),
        (jwt.encode({"sub": "1"}, _RSA, "RS256"), KEYS),
        (jwt.encode({"sub": "1"}, _RSA, "RS512", headers={"kid": "one"}), KEYS),
        (jwt.encode({"sub": "1"}, "s" * 64, "HS256", headers={"kid": "one"}), KEYS),
        (jwt.encode({"sub": "1"}, None, "none", headers={"kid": "one"}), KEYS),
        (jwt.encode({"sub": "1"}, _RSA, "RS256", headers={"kid": "one"})[:-4] + "AAAA", KEYS),
        (jwt.encode({"sub": "1"}, _RSA, "RS256", headers={"kid": "one"}), {"keys": "x"}),
        (jwt.encode({"sub": "1"}, _RSA, "RS256", headers={"kid": "one"}), None),
        (jwt.encode({"sub": "1"}, _RSA, "RS256", headers={"kid": "one"}), {"keys": [{"kid": "one", "alg": "RS256"}]}),
        ("a.b", KEYS),
        ("a.b.c", KEYS),
    ],
)
def test_nothing_else_does(token: str, keys: Any) -> None:
    """Another key, another algorithm, none at all, garbage."""
    with pytest.raises(ProfileRefused):
        id_token.check_signature(token, keys)


@given(st.text() | st.none() | st.integers())
def test_garbage_has_one_error(token: Any) -> None:
    """Fuzz: what is no token is refused and raises nothing else."""
    with pytest.raises(ProfileRefused):
        id_token.unverified(token)

"""Tokens are the stock server's, and nothing else is accepted for one."""

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant import token

NOW = 1_790_000_000.0
KEY = "k" * 50 + "s" * 50
CLAIMS = {"type": "auth", "id": "aj9z253km68r0tn", "collectionId": "pbc_3142635823", "refreshable": True}
REAL = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjb2xsZWN0aW9uSWQiOiJwYmNfMzE0MjYzNTgyMyIsImV4cCI6MTc5NTYzOTU1MiwiaWQi"
    "OiJhajl6MjUza202OHIwdG4iLCJyZWZyZXNoYWJsZSI6dHJ1ZSwidHlwZSI6ImF1dGgifQ"
)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _forge(header: object, claims: object, key: str = KEY) -> str:
    signed = f"{_part(header)}.{_part(claims)}"
    return f"{signed}.{token._encode(token._mac(signed.encode(), key)).decode()}"


def test_the_bytes_are_the_stock_servers() -> None:
    """The signed part equals, byte for byte, what PocketBase 0.40.6 issued for the same claims."""
    assert token.sign(CLAIMS, KEY, 1795639552).rpartition(".")[0] == REAL


def test_another_implementation_reads_it_and_is_read() -> None:
    """PyJWT, as the dumb twin, verifies our token, and we verify its."""
    ours = token.sign(CLAIMS, KEY, int(NOW) + 60)
    assert jwt.decode(ours, KEY, algorithms=["HS256"], options={"verify_exp": False}) == {
        **CLAIMS,
        "exp": int(NOW) + 60,
    }
    theirs = jwt.encode({**CLAIMS, "exp": int(NOW) + 60}, KEY, algorithm="HS256")
    assert token.verify(theirs, KEY, NOW)["id"] == CLAIMS["id"]


@pytest.mark.parametrize(
    ("claims", "valid"),
    [
        ({"exp": NOW + 1}, True),
        ({"exp": NOW}, False),
        ({"exp": NOW - 1}, False),
        ({"exp": 0}, True),
        ({}, True),
        ({"exp": "2"}, False),
        ({"exp": True}, False),
        ({"exp": None}, False),
        ({"nbf": NOW}, True),
        ({"nbf": NOW + 1}, False),
        ({"iat": NOW + 1}, False),
        ({"iat": []}, False),
        ({"exp": 1e300}, True),
    ],
)
def test_times_are_checked_as_golang_jwt_does(claims: dict[str, object], valid: bool) -> None:
    """An absent or zero time is no limit, a time of another type refuses the token."""
    text = _forge({"alg": "HS256", "typ": "JWT"}, {**CLAIMS, **claims})
    if valid:
        assert token.verify(text, KEY, NOW)["id"] == CLAIMS["id"]
    else:
        with pytest.raises(token.TokenInvalid):
            token.verify(text, KEY, NOW)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": "hs256"},
        {"alg": None},
        {"alg": ["HS256"]},
        {},
        [],
        "x",
        None,
    ],
)
def test_no_other_algorithm_is_taken(header: object) -> None:
    """A header that names anything but HS256 is refused, even with a right HMAC."""
    with pytest.raises(token.TokenInvalid):
        token.verify(_forge(header, {**CLAIMS, "exp": NOW + 60}), KEY, NOW)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b", "a.b.c.d", "a.b.c", "ä.b.c", "x" * 9000, "e30.e30.", " e30.e30.e30"]
)
def test_garbage_has_one_error(text: str) -> None:
    """What is no token raises TokenInvalid and nothing else."""
    with pytest.raises(token.TokenInvalid):
        token.verify(text, KEY, NOW)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_survives(position: int, change: int) -> None:
    """Any one byte of a token changed makes it invalid, but for unused trailing bits of base64."""
    text = token.sign(CLAIMS, KEY, int(NOW) + 60)
    at = position % len(text)
    mutated = text[:at] + chr((ord(text[at]) + change) % 256) + text[at + 1 :]
    try:
        claims = token.verify(mutated, KEY, NOW)
    except token.TokenInvalid:
        return
    assert at == len(text) - 1
    assert claims == token.verify(text, KEY, NOW)


@given(st.text(), st.text(max_size=40))
def test_any_text_is_refused_without_another_error(text: str, key: str) -> None:
    """Fuzz: text is never taken for a token, and never raises anything else."""
    with pytest.raises(token.TokenInvalid):
        token.verify(text, key, NOW)

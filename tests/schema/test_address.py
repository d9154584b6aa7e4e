"""E-mail addresses, domains and URLs; the odd rows were seen at the real server."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.schema import address

_A = r"[a-zA-Z0-9][a-zA-Z0-9\-_]*[a-zA-Z0-9](?:[-.][a-zA-Z0-9]+)*"
_S = r"(?:www\.|[a-zA-Z0-9]+(?:[-_.]?[a-zA-Z0-9])*[a-zA-Z0-9]\.[a-zA-Z0-9]+)"
_W = r"(?:[a-zA-Z0-9]+-?-?)*[a-zA-Z0-9]+"
_TWIN = re.compile(rf"(?:{_A}|{_S})?{_W}(?:\.[a-zA-Z]+)?\.?(?:/\S*)?")


@given(st.text(alphabet="aB1-_.", min_size=4, max_size=10))
def test_hosts_agree_with_a_dumb_expression(host: str) -> None:
    """One that backtracks for as long as it likes."""
    plain = not host.startswith(".")
    assert address.is_url(f"http://{host}") == (plain and _TWIN.fullmatch(host) is not None)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("http://a", True),
        ("https://b.co:8080/p?q=1#f", True),
        ("https://user:pw@b.co", True),
        ("a.b/c", True),
        ("a:80", True),
        ("http://[::1]:80/", True),
        ("http://a-.co", False),
        ("http://a..co", False),
        ("http://a.b:x", False),
        ("http://256.1.1.1", False),
        ("http://a.b/%zz", False),
        ("http://a b.co", False),
        ("gopher://a.b", False),
        ("javascript:alert(1)", False),
        ("a", False),
        ("", False),
    ],
)
def test_urls(text: str, good: bool) -> None:
    """Schemes, users, hosts, ports, escapes."""
    assert address.is_url(text) is good


@given(st.text(max_size=60))
def test_any_text_is_tested(text: str) -> None:
    """Garbage never raises."""
    address.is_url(text)
    address.is_email(text)
    address.is_domain(text)
    address.url_host(text)


@pytest.mark.parametrize("text", ["a" * 2000, "a-" * 1000, "a.b" * 600, "@" * 2000, "http://" + "a.b@" * 500])
def test_hostile_urls_take_no_longer_than_others(text: str) -> None:
    """No input makes the test explode; the suite's own deadline would tell."""
    assert address.is_url(text) in (True, False)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a.b+c@c.co", True),
        ("a@xn--mnchen-3ya.de", True),
        ("a@c.co.", True),
        ("a..b@c.co", False),
        ('"a b"@c.co', False),
        ("a@localhost", False),
        ("a@1.2.3.4", False),
        ("a@c-.co", False),
        ("a@b@c.co", False),
        ("a@c.co\n", False),
    ],
)
def test_emails(text: str, good: bool) -> None:
    """Dots, domains, top levels."""
    assert address.is_email(text) is good


def test_domains() -> None:
    """ASCII labels, the last one of letters."""
    assert address.is_domain("a-b.example")
    assert not address.is_domain("localhost")
    assert not address.is_domain("a b.co")
    assert not address.is_domain("münchen.de")
    assert not address.is_domain("x.y:80")

"""The parts of realtime that decide: options, identities, the journal."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant import realtime_journal
from pbe.tenant.realtime_identity import EACH, follows_relations, looks_at_options, needs_of
from pbe.tenant.realtime_journal import Journal, Kept
from pbe.tenant.realtime_subscription import NO_OPTIONS, base_of, options_of, snake_case


def topic(options: object, base: str = "posts/*") -> str:
    """A topic with options."""
    return f"{base}?options=" + quote(json.dumps(options))


def test_options_are_read_as_texts() -> None:
    """Numbers and bools become text, lists and null nothing; header names become what rules call them."""
    query = {"filter": "n>1", "fields": "id", "expand": "a", "page": 2, "ok": True, "x": None, "y": [1]}
    options = options_of(topic({"query": query, "headers": {"X-Token": 5, "requestId": "r"}, "enterLeave": True}))
    assert dict(options.query) == query | {"page": "2", "ok": "true", "x": "", "y": ""}
    assert dict(options.headers) == {"x_token": "5", "request_id": "r"}
    assert (options.filter, options.fields, options.expand, options.transitions) == ("n>1", "id", "a", True)


@pytest.mark.parametrize(
    "text",
    [
        "posts/*",
        "posts/*?",
        "posts/*?options=",
        "posts/*?options=bad",
        "posts/*?options=[]",
        "posts/*?options=%zz",
        "po%zz/*?options={}",
        "a:b/c?options=" + quote('{"query":{"filter":"a"}}').replace("a", "a") + "\n",
        "?options={}",
        "posts/*#?options=" + quote('{"query":{"filter":"a"}}'),
    ],
)
def test_what_cannot_be_read_is_no_option(text: str) -> None:
    """The subscription stays, without options."""
    assert options_of(text) == NO_OPTIONS


@given(st.text(), st.text())
def test_any_text_is_a_topic(base: str, options: str) -> None:
    """Nothing a client can send raises."""
    text = f"{base}?options={options}"
    options_of(text)
    assert base_of(text) == text.partition("?")[0]


@pytest.mark.parametrize(
    ("name", "snake"),
    [("X-Token", "x_token"), ("requestId", "request_id"), ("HTTPHeader", "httpheader"), ("a--b", "a_b"), ("", "")],
)
def test_header_names_become_snake_case(name: str, snake: str) -> None:
    """As the stock server names them for rules."""
    assert snake_case(name) == snake


@pytest.mark.parametrize(
    ("rule", "needs"),
    [
        ("", frozenset()),
        ("title != ''", frozenset()),
        ("@request.auth.id != ''", frozenset()),
        ("@request.auth.id = '' || n > 1", frozenset()),
        ("author = @request.auth.id", frozenset({"id"})),
        ("@request.auth.role = 'x' && @request.auth.name != ''", frozenset({"role", "name"})),
        ("@request.auth.team.members ?= id", EACH),
        ("@request.auth.name:lower = 'x'", EACH),
        ("@request.auth.posts_via_author.id ?= id", EACH),
        ("@request.auth = 1", EACH),
    ],
)
def test_what_a_rule_asks_of_the_subscriber(rule: str, needs: object) -> None:
    """The fields it looks at; EACH where that is not certain."""
    assert needs_of(rule) == needs


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        ("n > 1.5", False),
        ("title = 'x'", False),
        ("author.name = 'x'", True),
        ("posts_via_author.n > 1", True),
        ("", False),
    ],
)
def test_a_filter_that_follows_relations_is_known(text: str, follows: bool) -> None:
    """What it finds depends on the related collections' rules, and so on who asks."""
    assert follows_relations(text) is follows


def test_options_matter_only_to_rules_that_look_at_them() -> None:
    """@request.query and @request.headers."""
    assert looks_at_options("@request.query.a = 1")
    assert looks_at_options("@request.headers.a = 1")
    assert not looks_at_options("@request.method = 'GET'")


def kept(data: bytes) -> Kept:
    """What one group heard."""
    return Kept("posts/*", NO_OPTIONS, frozenset(), None, data)


def test_the_journal_gives_what_came_after_a_number() -> None:
    """All of it, in order; None where some is gone or the number was never given."""
    journal = Journal()
    assert journal.add("", [kept(b"0")]) == 1
    journal.keeping = True
    for number in range(2, 6):
        assert journal.add("", [kept(b"%d" % number)]) == number
    assert [entry.number for entry in journal.after(3) or ()] == [4, 5]
    assert list(journal.after(5) or ()) == []
    assert journal.after(0) is None
    assert journal.after(6) is None
    journal.forget()
    assert journal.after(4) is None
    assert list(journal.after(5) or ()) == []


def test_the_journal_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In events and in bytes; what was dropped is known to be gone."""
    monkeypatch.setattr(realtime_journal, "EVENTS_MAX", 3)
    journal = Journal()
    journal.keeping = True
    for _ in range(10):
        journal.add("", [kept(b"x")])
    assert [entry.number for entry in journal.after(7) or ()] == [8, 9, 10]
    assert journal.after(6) is None
    monkeypatch.setattr(realtime_journal, "BYTES_MAX", 1000)
    journal.add("", [kept(b"x" * 900)])
    assert journal.after(10) is None

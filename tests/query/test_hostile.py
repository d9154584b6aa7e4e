"""No text of a user becomes SQL."""

import re

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe.query.errors import FilterError
from pbe.query.select import Selection, columns, count, late_rows, rows
from tests.kit.query_world import POSTS, USERS, FakeAuth, FakeRequest, World, literal

MARK = "zqx7"
HOSTILE = [
    f"{MARK}' OR 1=1 --", f'{MARK}" OR ""="', f"{MARK}'; DROP TABLE posts; --", f"{MARK}`", f"[{MARK}]", f"{MARK}\\'",
    f"{MARK})) UNION SELECT * FROM secrets --", f"{MARK}/*", f"?{MARK}", f":{MARK}", f"{{:{MARK}}}", f"{{{MARK}}}",
    f"$.{MARK}", f"%{MARK}_", f"\x01{MARK}", f"{MARK}\n", f"{MARK}\u2028", f"{{l}} {MARK} {{v}}", f"@{MARK}",
]  # fmt: skip
PLACES = [
    "title = {v}", "{v} = title", "title ~ {v}", "{v} !~ title", "title != {v}", "title > {v}", "tags.name = {v}",
    "tags.name ?~ {v}", "sel:each = {v}", "data.k.0.v = {v}", "@collection.tags.name = {v}", "strftime({v}) = 1",
    "strftime('%Y', {v}) = 1", "strftime('%Y', day, {v}) = 1", "{v} = {v}", "(title = {v}) && id != {v}",
]  # fmt: skip
NAMES = [
    f"@collection.tags:{MARK}.name = 'x'", f"data.{MARK} = 1", f"data.{MARK}.0.{MARK}:x = 1", f"data.a:{MARK} = 1",
    f"@request.query.{MARK} = 1", f"@request.body.{MARK}.x = 1", f"@request.headers.{MARK}:isset = true",
    f"title = 1 // {MARK}", f"at.{MARK} = 1",
]  # fmt: skip


def statements(text: str, sort: str = "", request: FakeRequest | None = None) -> list[tuple[str, tuple[object, ...]]]:
    """Every statement that a filter leads to, each run."""
    world = World()
    selection = Selection(world, POSTS, request or FakeRequest(), 0.0)
    selection.filter(text, hidden_allowed=True)
    selection.sort(sort, hidden_allowed=True)
    compiled = selection.compiled()
    every = columns([one.name for one in POSTS.fields])
    made = [rows(compiled, every, 30), late_rows(compiled, every, 30), count(compiled)]
    for one in made:
        list(world.db.execute(one.sql, one.params))
    return [(one.sql, one.params) for one in made]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_literal_becomes_sql(place: str, text: str) -> None:
    """A hostile literal reaches the database as a parameter, wherever it stands."""
    for sql, params in statements(place.replace("{v}", literal(text))):
        assert MARK not in sql
        assert sql.count("?") == len(params)


@pytest.mark.parametrize("text", NAMES)
def test_no_name_of_a_user_becomes_sql(text: str) -> None:
    """Aliases, JSON paths, keys of the request and comments stay out of the text too."""
    for sql, _params in statements(text):
        assert MARK not in sql
    for sql, _params in statements("", sort=f"data.{MARK},-data.x.{MARK}"):
        assert MARK not in sql


@pytest.mark.parametrize("text", HOSTILE)
def test_no_value_of_a_request_becomes_sql(text: str) -> None:
    """Hostile query values, headers, bodies and ids reach the database as parameters."""
    request = FakeRequest(
        context=text,
        method=text,
        query={"q": text},
        headers={"h": text},
        body={"title": text, "sel": [text], "author": text, "tags": [text], "x": {"y": text}, "n": text},
        auth=FakeAuth(text, USERS, {"email": text}),
    )
    rule = (
        "@request.context = title || @request.method = 1 || @request.query.q = title || @request.headers.h ~ title"
        " || @request.body.title:changed = true || @request.body.sel:each = 'a' || @request.body.author.name = 1"
        " || @request.body.tags.name = 1 || @request.body.x.y:lower = 1 || @request.body.n = 1"
        " || @request.auth.id = id || @request.auth.email = title || @request.auth.name = 1"
        " || @request.body.x = title || @request.body.sel:length = 1"
    )
    for sql, params in statements(rule, request=request):
        assert MARK not in sql
        assert sql.count("?") == len(params)


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_sql_of_any_filter_is_made_of_known_words(text: str) -> None:
    """Whatever compiles is made of keywords, quoted catalog names, counted aliases and question marks."""
    try:
        made = statements(text)
    except (FilterError, apsw.SQLError):
        return
    for sql, params in made:
        bare = re.sub(r'"(?:[a-zA-Z]+)"|\'(?:%|array|pb|\\|)\'', "", sql)
        assert set(bare) <= set(" ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_().,=<>?|*-+/0123456789")
        assert sql.count("?") == len(params)

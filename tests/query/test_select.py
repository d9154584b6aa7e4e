"""Filters and sorts, run on a small database."""

import apsw
import pytest

from pbe.query.errors import FilterError
from tests.kit.query_world import POSTS, TAGS, USERS, FakeAuth, FakeCollection, FakeRequest, World

ANN = FakeAuth("u1", USERS, {"email": "ann@x.y", "verified": True})
CASES: list[tuple[str, list[str]]] = [
    ("title='one'", ["p1"]),
    ("title!='one'", ["p2", "p3", "p4"]),
    ("title=null", ["p3"]),
    ("title!=null", ["p1", "p2", "p4"]),
    ("title=''", ["p3"]),
    ("null=null", ["p1", "p2", "p3", "p4"]),
    ("n='12'", []),
    ("n>1", ["p2"]),
    ("n>=1 && n<2", ["p1"]),
    ("n=2.5", ["p2"]),
    ("n=-3", ["p4"]),
    ("ok=true", ["p1", "p4"]),
    ("ok='true'", []),
    ("ok=FALSE", ["p2", "p3"]),
    ("title~'O'", ["p1", "p2", "p4"]),
    ("title~'o%'", ["p1"]),
    ("title!~'o'", ["p3"]),
    ("title~'50%_'", ["p4"]),
    ("title~'50\\%'", ["p4"]),
    ("title~'_off'", ["p4"]),
    ("title~n", []),
    ("sel='a'", []),
    ("sel~'a'", ["p1", "p2"]),
    ("sel:each='a'", ["p1"]),
    ("sel:each?='a'", ["p1", "p2"]),
    ("sel:length=2", ["p2"]),
    ("sel:length=0", ["p3"]),
    ("author='u1'", ["p1", "p4"]),
    ("author.id='u1'", ["p1", "p4"]),
    ("author.name='Ann'", ["p1", "p4"]),
    ("author.name:lower='ann'", ["p1", "p4"]),
    ("author.nope='x' || title='one'", []),
    ("tags.name='red'", ["p1"]),
    ("tags.name?='red'", ["p1", "p2"]),
    ("tags.name!='red'", ["p3", "p4"]),
    ("tags.name?!='red'", ["p2", "p3", "p4"]),
    ("tags.owner.name='Ann'", ["p1"]),
    ("tags.owner.name?='Ann'", ["p1", "p2"]),
    ("tags.id?='t2'", ["p2"]),
    ("author.posts_via_author.title?='one'", ["p1", "p4"]),
    ("author.posts_via_author.title='two'", ["p2"]),
    ("tags.posts_via_tags.title?='two'", ["p1", "p2"]),
    ("author.tags_via_owner.name='red'", ["p1", "p4"]),
    ("@collection.tags.name='red'", []),
    ("@collection.tags.name?='red'", ["p1", "p2", "p3", "p4"]),
    ("@collection.tags.name?='blue' && @collection.tags.owner?='u1'", []),
    ("@collection.tags:a.name?='blue' && @collection.tags:b.owner?='u1'", ["p1", "p2", "p3", "p4"]),
    ("@collection.posts.title ?= title && n < 0", ["p4"]),
    ("data.k.0.v=5", ["p1"]),
    ("data.s='x'", ["p1"]),
    ("data='word'", ["p3"]),
    ("data=12", ["p4"]),
    ("data=null", ["p2"]),
    ("data.nope=null", ["p1", "p2", "p3", "p4"]),
    ("at.lon>5", ["p3"]),
    ("geoDistance(at.lon, at.lat, 0, 0) < 1", ["p1", "p4"]),
    ("geoDistance(at.lon, at.lat, 10, 50) < 1", ["p3"]),
    ("strftime('%Y', day) = '2024'", ["p1"]),
    ("strftime('%Y', day) = ''", ["p2", "p3"]),
    ("strftime('%Y-%m-%d', day, '+1 day') = '2024-01-03'", ["p1"]),
    ("strftime('%Y', author.posts_via_author.day) ?= '2020'", ["p1", "p4"]),
    ("day < @now && day != ''", []),
    ("@year = 1970 && @month = 1 && @weekday = 4", ["p1", "p2", "p3", "p4"]),
    ("title='one' || title='two' && n=1", ["p1"]),
    ("(title='one' || title='two') && n=2.5", ["p2"]),
    ("'a' = 'a'", ["p1", "p2", "p3", "p4"]),
    ("'' = null", ["p1", "p2", "p3", "p4"]),
    ("1 > 2", []),
    ("tags.name ?= author.name", ["p3"]),
]


@pytest.mark.parametrize(("text", "ids"), CASES)
def test_filters_find_their_rows(text: str, ids: list[str]) -> None:
    """Each filter finds exactly these posts."""
    if "nope='x'" in text:
        with pytest.raises(FilterError):
            World().find(text)
        return
    assert World().find(text, sort="id") == ids


REQUEST = FakeRequest(
    context="batch",
    method="POST",
    query={"q": "one", "n": "2.5"},
    headers={"x_token": "abc"},
    body={"title": "ONE", "n": 2.5, "sel": ["a", "b"], "author": "u1", "tags": ["t1", "t2"], "extra": {"a": [1, 2]}},
    auth=ANN,
)
REQUEST_CASES: list[tuple[str, list[str]]] = [
    ("@request.context = 'batch' && id='p1'", ["p1"]),
    ("@request.method != 'POST'", []),
    ("@request.query.q = title", ["p1"]),
    ("@request.query.n = n", ["p2"]),
    ("@request.query.nope:isset = false && id='p1'", ["p1"]),
    ("@request.query.q:isset = true && id='p1'", ["p1"]),
    ("@request.headers.x_token = 'abc' && id='p1'", ["p1"]),
    ("@request.body.title:lower = title", ["p1"]),
    ("@request.body.title:lower = title:lower", ["p1"]),
    ("@request.body.title:changed = false", []),
    ("@request.body.n:changed = true", ["p1", "p3", "p4"]),
    ("@request.body.ok:changed = false && id='p1'", ["p1"]),
    ("@request.body.sel:length = 2 && id='p1'", ["p1"]),
    ("@request.body.sel:each ?= 'b' && id='p1'", ["p1"]),
    ("@request.body.sel:each = 'b'", []),
    ("@request.body.sel:each = sel:each", []),
    ("@request.body.extra.a.1 = 2 && id='p1'", ["p1"]),
    ("@request.body.extra.a.9 = null && id='p1'", ["p1"]),
    ("@request.body.extra = '{\"a\":[1,2]}' && id='p1'", ["p1"]),
    ("@request.body.author.name = 'Ann' && id='p1'", ["p1"]),
    ("@request.body.tags.name ?= 'blue' && id='p1'", ["p1"]),
    ("@request.body.tags.name = 'blue'", []),
    ("@request.body.author.nope = null && id='p1'", ["p1"]),
    ("@request.auth.id = author", ["p1", "p4"]),
    ("@request.auth.name = 'Ann' && id='p1'", ["p1"]),
    ("@request.auth.collectionName = 'users' && @request.auth.email ~ 'x.y' && id='p1'", ["p1"]),
    ("@request.auth.nope = null && id='p1'", ["p1"]),
    ("@request.auth.posts_via_author.title ?= 'one' && id='p1'", ["p1"]),
    ("@request.auth.posts_via_author.title = 'one'", []),
]


@pytest.mark.parametrize(("text", "ids"), REQUEST_CASES)
def test_rules_see_the_request(text: str, ids: list[str]) -> None:
    """Each rule over the request's values finds exactly these posts."""
    assert World().find(text, sort="id", request=REQUEST) == ids


@pytest.mark.parametrize(
    "text",
    [
        "nope=1", "title.x=1", "author.nope=1", "sel.x=1", "posts_via_author.title=1", "tags_via_title.x=1",
        "@collection.nope.x=1", "@collection.tags=1", "@collection.tags.nope=1", "@request.nope=1", "@request=1",
        "@nope=1", "title:nope=1", "hush.x='1'", "f(1)=1", "geoDistance(1,2,3)=1", "geoDistance('1',2,3,4)=1",
        "strftime()=1", "strftime(title)=1", "strftime('%Y',day,1)=1", "strftime('%Y',f())=1",
        "@request.body.n:each=1", "@request.body.n:length=1", "@request.query.q:each=1",
        "author.tags_via_owner.posts_via_tags.author.tags_via_owner.posts_via_tags.author.name=1",
    ],
)  # fmt: skip
def test_names_that_mean_nothing_are_refused(text: str) -> None:
    """A filter over what is not there raises FilterError."""
    with pytest.raises(FilterError):
        World().find(text, request=REQUEST)


def test_a_list_of_the_request_is_no_pattern() -> None:
    """It compiles, so that a rule with it can be saved, and fails when it runs."""
    with pytest.raises(apsw.SQLError, match="malformed JSON"):
        World().find("title ~ @request.body.sel:each", request=REQUEST)


def test_hidden_fields_need_permission() -> None:
    """A hidden field is found by those who may see it and refused to others."""
    assert World().find("hush='h1'") == ["p1"]
    with pytest.raises(FilterError):
        World().find("hush='h1'", hidden=False)


def test_relations_to_closed_collections_are_refused() -> None:
    """A client cannot look into a collection that it may not list."""
    assert World().find("vault.word='sesame'") == ["p1"]
    with pytest.raises(FilterError):
        World().find("vault.word='sesame'", hidden=False)


def test_relations_obey_the_other_list_rule() -> None:
    """A client's filter sees only joined rows that its list rule lets it see; those without a row stay."""
    world = World()
    ruled = FakeCollection("tags", TAGS.fields, list_rule="owner = @request.auth.id // only mine")
    world.collections[1] = ruled
    request = FakeRequest(auth=ANN)
    assert world.find("tags.name ?!= 'nope'", sort="id", request=request, hidden=False) == ["p1", "p2", "p3"]
    assert world.find("tags.name ?!= 'nope'", sort="id", request=request) == ["p1", "p2", "p3", "p4"]


def test_emails_are_compared_only_where_visible() -> None:
    """A client's filter by e-mail matches visible ones only."""
    world = World()
    assert world.find("author.email ~ 'x.y'", sort="id", hidden=False) == ["p1", "p4"]
    assert world.find("author.email ~ 'x.y'", sort="id") == ["p1", "p2", "p4"]


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("-n", ["p2", "p1", "p3", "p4"]),
        ("author.name,-title", ["p3", "p1", "p4", "p2"]),
        ("@rowid", ["p1", "p2", "p3", "p4"]),
        ("-@rowid", ["p4", "p3", "p2", "p1"]),
        ("data.k.0.v,id", ["p2", "p3", "p4", "p1"]),
        (" +ok , id ", ["p2", "p3", "p1", "p4"]),
        ("title:lower", ["p3", "p4", "p1", "p2"]),
    ],
)
def test_sorts_order_rows(sort: str, ids: list[str]) -> None:
    """Each sort gives this order."""
    assert World().find("", sort=sort) == ids


@pytest.mark.parametrize(
    "sort", [",", "n,", "nope", "@request.method", "@now", "n,n,n,n,n,n,n,n,n", "a" * 256, "-", "n desc"]
)
def test_wrong_sorts_are_refused(sort: str) -> None:
    """A sort by nothing, by a value or by too much raises FilterError."""
    with pytest.raises(FilterError):
        World().find("", sort=sort, request=REQUEST)


def test_limits() -> None:
    """200 comparisons and 3,500 bytes are the most a filter may have."""
    world = World()
    assert world.find("||".join(["n=1"] * 200)) == ["p1"]
    for text in ("||".join(["n=1"] * 201), "title='" + "x" * 3500 + "'"):
        with pytest.raises(FilterError, match="limit"):
            world.find(text)


def test_the_posts_collection_is_itself_by_id() -> None:
    """A collection is found by its id as well."""
    assert World().find(f"@collection.{POSTS.id}.title ?= 'two' && id='p1'") == ["p1"]


def test_a_call_over_many_values_is_no_pattern() -> None:
    """LIKE against strftime of many values takes it as it is, as the stock server does; with "?" as a pattern."""
    world = World()
    text = "'2024-01' {} strftime('%Y-%m', author.posts_via_author.day, '+0 month')"
    assert world.find(text.format("!~"), sort="id") == []
    assert world.find("id = 'p1' && '' !~ strftime('%Y', author.posts_via_author.day, '+0 day')") == ["p1"]
    assert world.find("id = 'p1' && '' ?!~ strftime('%Y', author.posts_via_author.day, '+0 day')") == []

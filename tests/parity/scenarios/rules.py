"""Rules as a collection carries them: what compiles, and whom each lets in."""

from typing import Any

from tests.parity.scenarios import filters

_RULES: list[str] = [
    "", "n > 1", "@request.auth.id != ''", "@request.auth.id = ''", "@request.auth.verified = true", "@request.auth.collectionName = 'users'", "@request.auth.name = title",
    "@request.auth.email ?= 'x'", "@request.auth.nosuch = 1", "@request.auth.avatar != ''", "author.name = 'Ann'", "author = @request.auth.id", "others.name ?= 'Bob'", "others.name = 'Bob'",
    "@collection.authors.name ?= title", "@collection.authors.name ?= 'Ann' && @collection.authors.age ?> 35", "@collection.users.id ?= @request.auth.id", "@collection.nosuch.id = 1",
    "@request.query.q = 'yes'", "@request.query.q:isset = true", "@request.query.q:length > 1", "@request.headers.x_token = 'abc'", "@request.headers.x_token:isset = false",
    "@request.method = 'GET'", "@request.method != 'POST'", "@request.context = 'default'", "@request.context != 'realtime'", "@request.body.title = 'x'", "@request.body.title:isset = false",
    "@request.body.sel:length < 2", "@request.body.sel:each ~ 'a'", "@request.body.author.name = 'Ann'", "@request.body.others.name ?= 'Ann'", "@request.body.author:changed = false", "@request.body.nosuch = ''",
    "title:lower ~ @request.query.q:lower", "title ~ @request.query.q", "day < @now", "created > @yesterday && n != 12", "sel:length > 1", "sel:each != 'c'", "place.lon > 10",
    "geoDistance(place.lon, place.lat, 10, 50) < 200", "strftime('%Y', day) = @request.query.year", "id = @request.query.id", "@rowid > 1", "hush = 'secret'", "hush = @request.query.q",
    "n > 1 ||", "nosuch = 1", "(n = 1", "n = @nosuch", "n", "// nothing", "1 = 1", "data.k = 'v'", "@request.auth.posts_via_author.id != ''", "@request.auth.id = author.id || n = 1",
    "author.posts_via_author.n ?> 5", "author.posts_via_author.author.name ?= 'Ann'", "@request.auth.id ?= others.id", "@collection.authors:one.name = 'Ann'", "@collection.authors.posts_via_author.n ?> 10",
]  # fmt: skip
_AT = "/api/collections/posts/records"
_ROW = "/api/collections/posts/records/p10000000000000"
SETUP: list[dict[str, Any]] = [
    *filters.SETUP,
    {"name": "a user", "POST": "/api/collections/users/records", "as": "admin", "save": {"ula": "id"},
     "json": {"email": "ula@example.com", "password": "secret123", "passwordConfirm": "secret123", "verified": True, "name": "second"}},
    {"name": "she signs in", "POST": "/api/collections/users/auth-with-password", "json": {"identity": "ula@example.com", "password": "secret123"}, "token": {"ula": "token"}},
]  # fmt: skip


def _ask(rule: str) -> list[dict[str, Any]]:
    short = repr(rule)
    return [
        {"name": f"set the list and view rule {short}", "PATCH": "/api/collections/posts", "as": "admin", "json": {"listRule": rule, "viewRule": rule}},
        {"name": f"a guest lists under {short}", "GET": f"{_AT}?sort=id&fields=id&q=yes&year=2024", "headers": {"X-Token": "abc"}},
        {"name": f"a user lists under {short}", "GET": f"{_AT}?sort=id&fields=id&q=second&id=p20000000000000", "as": "ula"},
        {"name": f"a guest views under {short}", "GET": f"{_ROW}?fields=id"},
        {"name": f"a user lists with a filter under {short}", "GET": f"{_AT}?sort=-id&fields=id&filter=n%3E0&perPage=2", "as": "ula"},
    ]  # fmt: skip


def _write(rule: str) -> list[dict[str, Any]]:
    short = repr(rule)
    return [
        {"name": f"set the create and update rule {short}", "PATCH": "/api/collections/posts", "as": "admin", "json": {"createRule": rule, "updateRule": rule}},
        {"name": f"a guest creates under {short}", "POST": f"{_AT}?q=yes", "json": {"title": "x", "sel": ["a"], "author": "ann000000000000"}},
        {"name": f"a user creates under {short}", "POST": f"{_AT}?q=no", "as": "ula", "json": {"title": "second", "n": 5, "others": ["ann000000000000", "bob000000000000"]}},
        {"name": f"a guest updates under {short}", "PATCH": f"{_ROW}?fields=title,n", "json": {"title": "x", "sel+": "b"}},
    ]  # fmt: skip


SCENARIOS: list[dict[str, Any]] = [
    *(step for rule in _RULES for step in _ask(rule)),
    {"name": "lists are open again", "PATCH": "/api/collections/posts", "as": "admin", "json": {"listRule": "", "viewRule": ""}},
    *(step for rule in _RULES for step in _write(rule)),
    {"name": "what was written", "GET": f"{_AT}?filter=title%3D'x'||title%3D'second'&sort=n,title&perPage=1&fields=title,n", "as": "admin"},
]  # fmt: skip

"""The filter language over fixed records: every operator on every type, modifiers, macros, relations, wrong texts."""

from typing import Any
from urllib.parse import quote

_IDS = {name: f"{name}{'0' * (15 - len(name))}" for name in ("ann", "bob", "cat", "p1", "p2", "p3", "p4", "p5")}


def _create(collection: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"a record of {collection}",
        "POST": f"/api/collections/{collection}/records",
        "as": "admin",
        "json": body,
    }


SETUP: list[dict[str, Any]] = [
    {"name": "authors", "POST": "/api/collections", "as": "admin", "save": {"authors": "id"},
     "json": {"name": "authors", "type": "base", "listRule": "", "viewRule": "",
              "fields": [{"type": "text", "name": "name"}, {"type": "number", "name": "age"}, {"type": "json", "name": "meta"},
                         {"type": "select", "name": "tags", "values": ["x", "y", "z"], "maxSelect": 3}]}},
    {"name": "posts", "POST": "/api/collections", "as": "admin",
     "json": {"name": "posts", "type": "base", "listRule": "", "viewRule": "",
              "fields": [{"type": "text", "name": "title"}, {"type": "number", "name": "n"}, {"type": "bool", "name": "ok"},
                         {"type": "date", "name": "day"}, {"type": "email", "name": "mail"}, {"type": "url", "name": "link"},
                         {"type": "editor", "name": "html"}, {"type": "json", "name": "data"}, {"type": "geoPoint", "name": "place"},
                         {"type": "select", "name": "one", "values": ["a", "b", "c"]},
                         {"type": "select", "name": "sel", "values": ["a", "b", "c"], "maxSelect": 3},
                         {"type": "relation", "name": "author", "collectionId": "$authors", "maxSelect": 1},
                         {"type": "relation", "name": "others", "collectionId": "$authors", "maxSelect": 5},
                         {"type": "text", "name": "hush", "hidden": True},
                         {"type": "autodate", "name": "created", "onCreate": True}]}},
    _create("authors", {"id": _IDS["ann"], "name": "Ann", "age": 30, "tags": ["x"], "meta": {"a": {"b": [1, 2]}, "s": "hi"}}),
    _create("authors", {"id": _IDS["bob"], "name": "Bob", "age": 40, "tags": ["x", "y"], "meta": [1, "two"]}),
    _create("authors", {"id": _IDS["cat"], "name": "Cat", "age": 0, "tags": [], "meta": None}),
    _create("posts", {"id": _IDS["p1"], "title": "First post", "n": 1, "ok": True, "day": "2024-01-02 03:04:05.678Z", "mail": "a@b.co",
                      "link": "https://b.co", "html": "<p>x</p>", "data": {"k": "v", "list": [1, 2, 3]}, "place": {"lon": 10, "lat": 50},
                      "one": "a", "sel": ["a", "b"], "author": _IDS["ann"], "others": [_IDS["ann"], _IDS["bob"]], "hush": "secret"}),
    _create("posts", {"id": _IDS["p2"], "title": "second", "n": 2.5, "ok": False, "day": "2023-12-31", "data": "text", "place": {"lon": 11, "lat": 51},
                      "one": "b", "sel": ["a"], "author": _IDS["bob"], "others": [_IDS["bob"]]}),
    _create("posts", {"id": _IDS["p3"], "title": "100% _sure_ 'quoted' \"double\"", "n": -3, "ok": True, "data": [1, {"k": 5}], "sel": [],
                      "author": _IDS["cat"], "others": [_IDS["cat"], _IDS["ann"], _IDS["bob"]]}),
    _create("posts", {"id": _IDS["p4"], "title": "", "n": 0, "data": 12}),
    _create("posts", {"id": _IDS["p5"], "title": "Ünï", "n": 12, "ok": True, "day": "2025-06-07 08:09:10.000Z", "data": {"k": None},
                      "one": "c", "sel": ["c", "a", "b"], "author": _IDS["ann"]}),
]  # fmt: skip

#: Filters that a guest may send.
GUEST: list[str] = [
    *(f"n{op}{value}" for op in ("=", "!=", ">", ">=", "<", "<=", "~", "!~") for value in ("1", "2.5", "'1'", "''", "null", "true")),
    *(f"title{op}{value}" for op in ("=", "!=", ">", "<=", "~", "!~") for value in ("'second'", "''", "null", "'s%'", "12", "'%sure%'")),
    *(f"ok{op}{value}" for op in ("=", "!=", "~", ">") for value in ("true", "false", "'true'", "1", "0", "null", "''")),
    *(f"day{op}{value}" for op in ("=", "!=", ">", "<", "~") for value in ("'2024-01-02'", "''", "null", "'2024-01-02 03:04:05.678Z'", "'2024'")),
    *(f"sel{op}'a'" for op in ("=", "!=", "~", "!~", "?=", "?!=", "?~", "?!~")),
    *(f"sel:each{op}'a'" for op in ("=", "!=", "~", "!~", "?=", "?!=", "?~", "?!~", ">", "?>")),
    *(f"sel:length{op}{value}" for op in ("=", ">", "<", "!=", "?=") for value in ("0", "1", "2", "'1'")),
    *(f"others.name{op}'{value}'" for op in ("=", "!=", "~", "!~", ">", "?=", "?!=", "?~", "?!~", "?>", "?<=") for value in ("Ann", "Bob", "")),
    *(f"author.name{op}'{value}'" for op in ("=", "!=", "~", "!~", "?=") for value in ("Ann", "")),
    *(f"others.age{op}35" for op in (">", "<", ">=", "?>", "?<", "=")),
    *(f"others{op}'{_IDS['ann']}'" for op in ("=", "!=", "~", "?=", "?!=")),
    "others.id?='" + _IDS["ann"] + "'", "others:length>1", "others:each='" + _IDS["bob"] + "'", "others.tags:each?='y'", "others.tags:length>1",
    "author.tags:length=1", "author.tags~'x'", "author.meta.a.b.0=1", "author.meta.s='hi'", "author.meta.1='two'", "author.meta.a.b:length=2",
    "authors_via_author.id!=''", "author.posts_via_author.n>0", "author.posts_via_author.n?>10", "author.posts_via_others.id?!=''",
    "data.k='v'", "data.k=5", "data.list.1=2", "data.1.k=5", "data='text'", "data=12", "data.nosuch=null", "data.k=null", "data~'text'", "data:length=2",
    "data.list:length=3", "data.list:each>0", "data=''", "data!=''", "data=null",
    "place.lon>10", "place.lat=50", "place='x'", "geoDistance(place.lon,place.lat,10,50)<1", "geoDistance(place.lon, place.lat, 11, 51) > 100",
    "geoDistance(10,50,10,50)=0", "geoDistance(place.lon,place.lat,10)<1", "geoDistance('a','b',1,2)=0", "geoDistance(title,n,1,2)>0",
    "strftime('%Y', day)='2024'", "strftime('%Y-%m',day)>'2023'", "strftime('%Y', day, '+1 year')='2025'", "strftime('%H:%M', '2024-01-01 10:20:30Z')='10:20'",
    "strftime()='x'", "strftime('%Y')!=''", "strftime(day,'%Y')='x'", "nosuchfunction(1)=1",
    "title:lower='ünï'", "title:lower='first post'", "title:lower~'POST'", "title:isset=true", "title:changed=true", "title:length=5", "title:nosuch=1",
    "n:lower=1", "n:each=1", "id:lower='" + _IDS["p1"] + "'", "author:lower='x'", "author:length=1", "author:each='" + _IDS["ann"] + "'",
    "one='a'", "one~'a'", "one:each='a'", "one:length=1", "one=null", "mail='a@b.co'", "mail~'@b'", "link~'b.co'", "html~'p'",
    "n=1||n=2.5", "n=1 || n=2.5 && ok=true", "(n=1 || n=2.5) && ok=true", "n = 1", "n=1 // comment", "n=1 // comment\n&& ok=true", "((((n=1))))",
    "n=1 &&", "&& n=1", "n=1 || ", "(n=1", "n=1)", "n==1", "n<>1", "n=", "=1", "n", "n 1", "'a'='a'", "1=1", "1=2", "true=true", "null=null", "''=null",
    "n=1 and ok=true", "n=1 AND ok=true", "n=1;", "n=1' OR 1=1 --", "title='\\'", "title='it\\'s'", 'title="x"', "title=\"100% _sure_ 'quoted' \\\"double\\\"\"",
    "nosuch=1", "author.nosuch=1", "nosuch.name=1", "title.name=1", "author.author.name=1", "id=''", "id!=''", "collectionId!=''", "collectionName='posts'",
    "hush='secret'", "hush!=''", "@request.auth.id=''", "@request.method='GET'", "@request.query.filter!=''", "@request.body.x=1", "@request.context='default'",
    "@request.headers.host!=''", "@collection.authors.name='Ann'", "@collection.authors.name?='Ann'", "@collection.nosuch.name='x'",
    "@collection.authors:a.name?='Ann' && @collection.authors:b.name?='Bob'", "@collection.authors.id?=author", "@collection.posts.n>5",
    "created<=@now", "created>@yesterday", "created<@tomorrow", "created>=@todayStart && created<=@todayEnd", "created>=@monthStart && created<=@monthEnd",
    "created>=@yearStart && created<=@yearEnd", "@year>2020", "@month>0", "@day>0", "@hour>=0", "@minute>=0", "@second>=0", "@weekday>=0", "@nosuch=1",
    "@now>day", "day=@now", "", " ", "// only a comment", "n=1e3", "n=1e999", "n=.5", "n=-3", "n=- 3", "n=+1", "n=1.", "n=0x1", "n=1_000",
    "title ~ 'a' && title ~ 'b' && title ~ 'c'", "id ?= '" + _IDS["p1"] + "'", "n ?> 1", "title ?!~ 'x'", "n !> 1", "title = ANY('x')",
    " && ".join(["n>=-5"] * 40), " || ".join(["n=1"] * 201), "(" * 60 + "n=1" + ")" * 60, "title='" + "x" * 3480 + "'", "title='" + "x" * 3500 + "'",
    "title='\u0000'", "title='a\nb'", "`title`='x'", "[[title]]='x'", "{:title}='x'", "title='{:p}'", "title=:title", "title='[[id]]'", "author.name='Ann' && others.name?='Bob' && n>0",
]  # fmt: skip
#: Filters that only a superuser may send.
ADMIN: list[str] = [
    "@request.auth.id!=''", "@request.auth.email~'admin'", "@request.auth.collectionName='_superusers'", "@request.method='GET'", "@request.context='default'",
    "@request.query.page='1'", "@request.query.page:isset=true", "@request.query.nosuch:isset=false", "@request.headers.x_test='yes'", "@request.headers.x_test:isset=true",
    "@request.body.x:isset=false", "@request.body.title=''", "@request.auth.nosuch='x'", "@request.nosuch=1", "@request=1", "@request.auth=1",
    "hush='secret'", "@collection.authors.name?='Ann'", "@request.auth.id:lower!=''", "@request.body.sel:each='a'", "@request.body.sel:length=0",
]  # fmt: skip
SCENARIOS: list[dict[str, Any]] = [
    *(
        {"name": f"filter {number}: {text[:80]!r}", "GET": f"/api/collections/posts/records?sort=id&fields=id&filter={quote(text)}".replace("{", "{{").replace("}", "}}")}
        for number, text in enumerate(GUEST)
    ),
    *(
        {"name": f"a superuser's filter {text[:80]!r}", "as": "admin", "headers": {"X-Test": "yes"},
         "GET": f"/api/collections/posts/records?page=1&sort=id&fields=id&filter={quote(text)}"}
        for text in ADMIN
    ),
]  # fmt: skip

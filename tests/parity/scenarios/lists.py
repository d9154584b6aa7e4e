"""Lists: pages, sorts, picked fields and expanded relations over the data of the filter scenarios."""

from typing import Any
from urllib.parse import quote

from tests.parity.scenarios import filters

SETUP: list[dict[str, Any]] = filters.SETUP
_PAGES: list[str] = [
    "", "page=1", "page=2&perPage=2", "page=3&perPage=2", "page=99", "page=0", "page=-1", "page=x", "page=1.5", "page=", "perPage=0", "perPage=-1", "perPage=1",
    "perPage=1001", "perPage=2000", "perPage=x", "perPage=2.5", "perPage=", "skipTotal=1", "skipTotal=true", "skipTotal=0", "skipTotal=x", "skipTotal=", "skipTotal=T&perPage=2",
    "page=99999999999", "page=9223372036854775808", "page=1&page=2&perPage=2", "perPage=2&page=2&skipTotal=1", "page=%201", "page=1e1", "page=+1", "nosuch=1", "=&&=", "page=%zz",
    "filter=n%3E0&perPage=1&page=2", "filter=n%3D1&filter=n%3D2", "filter=n%3E0&skipTotal=true",
]  # fmt: skip
_SORTS: list[str] = [
    "", "id", "-id", "+id", "n", "-n", "title", "-title", "n,-id", "-ok,n", "ok,-title,id", "author", "author.name,id", "-author.name,id", "others.name,id", "-author.age,-id",
    "author.meta.s,id", "data,id", "data.k,id", "place,id", "place.lon,id", "sel,id", "sel:length,id", "sel:each,id", "day,id", "created,id", "@rowid", "-@rowid", "nosuch",
    "author.nosuch", ",", "n,", ",n", "n,,id", "-", "+", "--n", "n desc", "n;id", "hush,id", "@request.auth.id", "@collection.authors.name", "@nosuch", "title:lower,id", "id:lower",
    "n,ok,title,day,mail,link,html,data,id", "x" * 256, "n" + ",id" * 7, "n" + ",id" * 8, " n", "n ,id", "(n)", "'n'", "1", "true", "null", "collectionId", "collectionName,id",
    "author.posts_via_author.n,id", "strftime('%Y',day),id",
]  # fmt: skip
_FIELDS: list[str] = [
    "", "*", "id", "id,title", "nosuch", "id,nosuch", "title:excerpt(3)", "title:excerpt(3,true)", "title:excerpt(3,false)", "html:excerpt(2)", "title:excerpt()", "title:excerpt(x)",
    "title:nosuch()", "title:excerpt(3,", "data.k", "data.list", "place.lon", "sel", "id,,title", " id , title ", "*,expand.author.name", "expand.author.*", "id,expand.*", "expand.author.name",
    "*:excerpt(2)", "id:excerpt(2)", "collectionName", "author", "page", "items.id", "*,title:excerpt(3)", "hush", "expand.others.name,id", "id.x", "n:excerpt(1)", "ok:excerpt(1)", "title.x",
]  # fmt: skip
_EXPANDS: list[str] = [
    "", "author", "others", "author,others", "nosuch", "title", "author.nosuch", "posts_via_author", "posts_via_others", "authors_via_author", "author.posts_via_author",
    "author.posts_via_author.author", "author.posts_via_author.author.posts_via_author.author.posts_via_author", "author.posts_via_author.author.posts_via_author.author.posts_via_author.author",
    "others,author.posts_via_others", " author , others ", ",", "author,", "author,author", "author.", ".author", "posts_via_nosuch", "posts_via_title", "nosuch_via_author", "@request", "id",
    "posts_via_author.author,posts_via_author.others", "others.posts_via_author",
]  # fmt: skip
_AT = "/api/collections/posts/records"
SCENARIOS: list[dict[str, Any]] = [
    *({"name": f"page by {text!r}", "GET": f"{_AT}?sort=id&{text}"} for text in _PAGES),
    *({"name": f"sort by {text[:60]!r} ({len(text)})", "GET": f"{_AT}?fields=id&sort={quote(text)}"} for text in _SORTS),
    {"name": "a superuser sorts by a hidden field", "GET": f"{_AT}?fields=id&sort=hush,id", "as": "admin"},
    {"name": "a superuser sorts by @request", "GET": f"{_AT}?fields=id&sort=@request.auth.id,id", "as": "admin"},
    {"name": "a superuser sees hidden fields", "GET": f"{_AT}?sort=id", "as": "admin"},
    *({"name": f"fields {text!r}", "GET": f"{_AT}?sort=id&perPage=2&expand=author,others&fields={quote(text)}"} for text in _FIELDS),
    *({"name": f"fields {text!r} of one record", "GET": f"{_AT}/p10000000000000?expand=author&fields={quote(text)}"} for text in _FIELDS[:20]),
    *({"name": f"expand {text!r}", "GET": f"{_AT}?sort=id&perPage=3&expand={quote(text)}"} for text in _EXPANDS),
    *({"name": f"expand {text!r} of an author", "GET": f"/api/collections/authors/records/ann000000000000?expand={quote(text)}"} for text in ("posts_via_author", "posts_via_others", "posts_via_author.others", "tags", "posts_via_author.author.posts_via_others")),
    {"name": "a record that is not there", "GET": f"{_AT}/nosuch"},
    {"name": "a record with an odd id", "GET": f"{_AT}/a%20b%27c"},
    {"name": "records under a trailing slash", "GET": f"{_AT}/"},
    {"name": "a record under a trailing slash", "GET": f"{_AT}/p10000000000000/"},
    {"name": "the collection by capitals", "GET": "/api/collections/POSTS/records?sort=id&fields=id"},
    {"name": "the collection by id", "GET": "/api/collections/{authors}/records?sort=id"},
    {"name": "a list by HEAD", "HEAD": f"{_AT}?sort=id"},
    {"name": "a view by HEAD", "HEAD": f"{_AT}/p10000000000000"},
    {"name": "a list by PUT", "PUT": _AT, "json": {}},
    {"name": "a view by POST", "POST": f"{_AT}/p10000000000000", "json": {}},
    {"name": "a list with a body", "GET": _AT + "?sort=id&fields=id", "json": {"page": 2}},
]  # fmt: skip

"""Collections: create, view, list, update with table sync, delete, truncate, views; who may, and every wrong body."""

from typing import Any

_AT = "/api/collections"
SETUP: list[dict[str, Any]] = [
    {"name": "an author collection", "POST": _AT, "as": "admin", "save": {"authors": "id"},
     "json": {"name": "authors", "type": "base", "fields": [{"type": "text", "name": "name"}]}},
    {"name": "a post collection", "POST": _AT, "as": "admin", "save": {"posts": "id"},
     "json": {"name": "posts", "type": "base", "fields": [
         {"type": "text", "name": "title"}, {"type": "number", "name": "n"}, {"type": "relation", "name": "author", "collectionId": "$authors"},
         {"type": "select", "name": "sel", "values": ["a", "b"], "maxSelect": 2}, {"type": "json", "name": "data"}]}},
    {"name": "a post", "POST": f"{_AT}/posts/records", "as": "admin", "json": {"id": "p10000000000000", "title": "one", "n": 1, "sel": ["a", "b"], "data": {"k": 1}}},
    {"name": "a user", "POST": f"{_AT}/users/records", "as": "admin",
     "json": {"email": "u@example.com", "password": "secret123", "passwordConfirm": "secret123"}},
    {"name": "he signs in", "POST": f"{_AT}/users/auth-with-password", "json": {"identity": "u@example.com", "password": "secret123"}, "token": {"user": "token"}},
]  # fmt: skip


_ANY_ORDER = {"ignore": ["message"], "why": "random-order"}
_AN_EXAMPLE = {"ignore": ["data.fields.1.autogeneratePattern.message"], "why": "random-examples"}


def _new(name: str, body: Any) -> dict[str, Any]:
    return {"name": name, "POST": _AT, "as": "admin", "json": body}


def _field(name: str, **options: Any) -> dict[str, Any]:
    """A create whose only field is this one; its own name is unique, so each that succeeds stands alone."""
    field = {"name": "f", **options}
    step = _new(f"field {name}", {"name": f"c_{_slug(name)}", "type": "base", "fields": [field]})
    return {**step, **_AN_EXAMPLE} if "autogenerate" in name else step


def _slug(text: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in text)


def _patch(name: str, body: Any, target: str = "posts") -> dict[str, Any]:
    return {"name": name, "PATCH": f"{_AT}/{target}", "as": "admin", "json": body}


_FIELDS: list[dict[str, Any]] = [
    _field("without a type"), _field("of an unknown type", type="nosuch"), _field("type is a number", type=5),
    *(_field(f"{kind} bare", type=kind) for kind in ("text", "editor", "number", "bool", "email", "url", "date", "autodate", "select", "file", "relation", "json", "geoPoint", "password")),
    _field("text min over max", type="text", min=5, max=3), _field("text min negative", type="text", min=-1), _field("text max negative", type="text", max=-1),
    _field("text min fraction", type="text", min=1.5), _field("text max huge", type="text", max=9007199254740992), _field("text bad pattern", type="text", pattern="(["),
    _field("text pattern lookahead", type="text", pattern="(?=a)"), _field("text bad autogenerate", type="text", autogeneratePattern="(["), _field("text autogenerate misses pattern", type="text", pattern="^[0-9]+$", autogeneratePattern="[a-z]{3}"),
    _field("text autogenerate too short", type="text", min=10, autogeneratePattern="[a-z]{3}"), _field("text autogenerate unbounded", type="text", autogeneratePattern="[a-z]+"), _field("text primary key twice", type="text", primaryKey=True),
    _field("text hidden and presentable", type="text", hidden=True, presentable=True), _field("text system", type="text", system=True), _field("text with help", type="text", help="some help"), _field("text with long help", type="text", help="h" * 301),
    _field("text with an own id", type="text", id="my_id"), _field("text with a long id", type="text", id="x" * 101), _field("text with a number as id", type="text", id=5), _field("text with unknown options", type="text", nosuch=1),
    _field("number min over max", type="number", min=5, max=3), _field("number min fraction onlyInt", type="number", onlyInt=True, min=1.5), _field("number max fraction onlyInt", type="number", onlyInt=True, max=1.5), _field("number min text", type="number", min="x"),
    _field("email both domains", type="email", onlyDomains=["a.com"], exceptDomains=["b.com"]), _field("email bad domain", type="email", onlyDomains=["a b"]), _field("url both domains", type="url", onlyDomains=["a.com"], exceptDomains=["b.com"]), _field("url bad domain", type="url", exceptDomains=["http://x"]),
    _field("date min over max", type="date", min="2024-01-02", max="2024-01-01"), _field("date bad min", type="date", min="nope"), _field("autodate never", type="autodate", onCreate=False, onUpdate=False), _field("autodate both", type="autodate", onCreate=True, onUpdate=True),
    _field("select without values", type="select", values=[]), _field("select double values", type="select", values=["a", "a"]), _field("select empty value", type="select", values=["a", ""]), _field("select max over values", type="select", values=["a"], maxSelect=2), _field("select max zero", type="select", values=["a"], maxSelect=0),
    _field("select max negative", type="select", values=["a"], maxSelect=-1), _field("select values text", type="select", values="a"), _field("file max negative", type="file", maxSelect=-1), _field("file size negative", type="file", maxSize=-1), _field("file bad thumb", type="file", thumbs=["x"]),
    _field("file thumbs", type="file", thumbs=["100x100", "0x50", "50x0", "100x100t", "100x100b", "100x100f"]), _field("file thumb zero", type="file", thumbs=["0x0"]), _field("file double mime", type="file", mimeTypes=["image/png", "image/png"]), _field("file many", type="file", maxSelect=5, maxSize=100, protected=True),
    _field("relation unknown", type="relation", collectionId="nosuch"), _field("relation by name", type="relation", collectionId="authors"), _field("relation min over max", type="relation", collectionId="$authors", minSelect=3, maxSelect=2), _field("relation min negative", type="relation", collectionId="$authors", minSelect=-1),
    _field("relation good", type="relation", collectionId="$authors", cascadeDelete=True, maxSelect=3, minSelect=1), _field("relation to users", type="relation", collectionId="_pb_users_auth_"), _field("json size negative", type="json", maxSize=-1), _field("json size huge", type="json", maxSize=9007199254740993),
    _field("editor size negative", type="editor", maxSize=-1), _field("editor convertURLs", type="editor", convertURLs=True), _field("password min over max", type="password", min=9, max=8), _field("password max 80", type="password", max=80), _field("password cost 3", type="password", cost=3), _field("password cost 40", type="password", cost=40), _field("password pattern", type="password", pattern="(["),
]  # fmt: skip
_NAMES: list[Any] = [
    "",
    "x",
    "a" * 255,
    "a" * 256,
    "1abc",
    "a-b",
    "a b",
    "a.b",
    "ä",
    "_hidden",
    "_x_",
    "POSTS",
    "posts",
    "Users",
    "sqlite_x",
    "select",
    "_superusers",
    "a_via_b",
    "id",
    5,
    None,
    ["x"],
    "null",
    "true",
    "expand",
    "meta",
    "import",
]
_FIELD_NAMES: list[Any] = [
    "",
    "a",
    "a" * 100,
    "a" * 101,
    "1a",
    "a-b",
    "a b",
    "a.b",
    "ä",
    "id",
    "ID",
    "created",
    "collectionId",
    "collectionName",
    "expand",
    "rowid",
    "_rowid_",
    "oid",
    "null",
    "true",
    "isset",
    "a_via_b",
    "@x",
    "tokenKey",
    "email",
    5,
    None,
    "_x",
]
_INDEXES: list[Any] = [
    ["CREATE INDEX idx_%s ON %s (f)"], ["CREATE UNIQUE INDEX idx_%s ON %s (f)"], ["CREATE INDEX idx_%s ON %s (f, g)"], ["CREATE INDEX idx_%s ON %s (nosuch)"], ["CREATE INDEX idx_%s ON other (f)"], ["create index `idx_%s` on `%s` (`f` COLLATE NOCASE DESC) WHERE f != ''"],
    ["CREATE INDEX IF NOT EXISTS idx_%s ON %s (f)"], ["nonsense"], [""], ["CREATE INDEX idx_%s ON %s (f)", "CREATE INDEX idx_%s ON %s (g)"], ["CREATE INDEX idx_%s ON %s (f)", "CREATE INDEX idx2_%s ON %s (f)"], ["DROP TABLE users"], ["CREATE INDEX idx_%s ON %s (f); DROP TABLE users"], ["CREATE INDEX idx_%s ON %s (lower(f))"], ["CREATE INDEX __pb_users_auth__ ON %s (f)"], [5], "x",
]  # fmt: skip
_VIEWS: list[Any] = [
    "SELECT id FROM posts", "SELECT id, title, n FROM posts", "SELECT posts.id, authors.name, posts.author FROM posts LEFT JOIN authors ON authors.id = posts.author", "SELECT id, count(*) AS total FROM posts GROUP BY id", "SELECT title FROM posts", "SELECT id, id FROM posts", "SELECT * FROM posts",
    "SELECT p.id, p.title AS name, (p.n * 2) AS twice, p.data, p.sel FROM posts p", "SELECT id, 'x' AS label, 5 AS num, 1.5 AS real, null AS nothing, true AS yes FROM posts", "SELECT id, cast(n as text) AS t, cast(n as int) AS i, cast(n as real) AS r, cast(title as bool) AS b FROM posts", "SELECT id, sum(n) AS s, avg(n) AS a, max(n) AS m, min(title) AS lo, total(n) AS tot FROM posts",
    "SELECT (ROW_NUMBER() OVER()) AS id, title FROM posts", "SELECT 'a' AS id", "nonsense", "", "SELECT id FROM nosuch", "SELECT id FROM posts; SELECT 1", "DELETE FROM posts", "INSERT INTO posts (id) VALUES ('x')", "DROP TABLE posts", "WITH x AS (SELECT id, title FROM posts) SELECT id, title FROM x", "SELECT id, title FROM posts UNION SELECT id, name FROM authors", "SELECT id, email, verified FROM users", "SELECT id, password FROM users", "SELECT max(id) AS id, json_group_array(title) AS titles FROM posts",
    "SELECT id, -- comment\n title FROM posts", "SELECT /* x */ id FROM posts", "(SELECT id FROM posts)", "SELECT id FROM posts WHERE title = 'a;b'", "SELECT id, coalesce(title, 'x') AS c, iif(n > 1, 'a', 'b') AS i FROM posts", "SELECT id, author AS rel, author FROM posts",
]  # fmt: skip
SCENARIOS: list[dict[str, Any]] = [
    *({"name": f"{who} {verb} {target}", verb: target, "as": who, **({"json": {}} if verb in ("POST", "PATCH", "PUT") else {})}
      for who in ("guest", "user") for verb, target in (
          ("GET", _AT), ("GET", f"{_AT}/posts"), ("POST", _AT), ("PATCH", f"{_AT}/posts"), ("DELETE", f"{_AT}/posts"), ("DELETE", f"{_AT}/posts/truncate"), ("PUT", f"{_AT}/import"),
          ("GET", f"{_AT}/meta/scaffolds"), ("GET", f"{_AT}/meta/oauth2-providers"), ("POST", f"{_AT}/meta/dry-run-view"), ("GET", f"{_AT}/nosuch"), ("PATCH", f"{_AT}/nosuch"), ("DELETE", f"{_AT}/nosuch"))),
    {"name": "all collections", "GET": f"{_AT}?sort=name", "as": "admin"},
    *({"name": f"collections by {query}", "GET": f"{_AT}?{query}", "as": "admin"} for query in (
        "page=2&perPage=2&sort=name", "filter=name%3D'posts'", "filter=type%3D'auth'&sort=name&fields=name", "filter=system%3Dtrue&sort=-name&fields=name", "filter=nosuch%3D1", "sort=nosuch", "perPage=x", "skipTotal=1&perPage=1&sort=name&fields=name", "sort=created,name&fields=name", "filter=name~'o'&sort=name&fields=name,type", "filter=fields~'sel'&fields=name", "filter=options%3D1")),
    *({"name": f"view of {name}", "GET": f"{_AT}/{name}", "as": "admin"} for name in ("posts", "POSTS", "{posts}", "nosuch", "users", "_superusers", "_externalAuths", "_mfas", "_otps", "_authOrigins", "%20", "posts?fields=id,name")),
    {"name": "scaffolds", "GET": f"{_AT}/meta/scaffolds", "as": "admin"},
    *_FIELDS,
    *(_new(f"named {name!r:.40} ({len(str(name))})", {"name": name, "type": "base", "fields": []}) for name in _NAMES),
    *(_new(f"a field named {name!r:.40} ({len(str(name))})", {"name": f"fn{index}", "type": "base", "fields": [{"name": name, "type": "text"}]}) for index, name in enumerate(_FIELD_NAMES)),
    *(_new(f"indexes {index}: {sql!r:.60}", {"name": f"ix{index}", "type": "base", "indexes": [line.replace("%s", f"ix{index}") if isinstance(line, str) else line for line in sql] if isinstance(sql, list) else sql,
                                 "fields": [{"name": "f", "type": "text"}, {"name": "g", "type": "text"}]}) for index, sql in enumerate(_INDEXES)),
    *({"name": f"dry run {index}: {query!r:.60}", "POST": f"{_AT}/meta/dry-run-view", "as": "admin", "json": {"query": query}, "ignore": ["sample.*.collectionId"], "why": "random-examples"} for index, query in enumerate(_VIEWS)),
    *(_new(f"view {index}: {query!r:.60}", {"name": f"v{index}", "type": "view", "viewQuery": query, "listRule": ""}) for index, query in enumerate(_VIEWS)),
    *({"name": f"records of view {index}", "GET": f"{_AT}/v{index}/records?sort=id"} for index in range(len(_VIEWS)) if index != 11),
    _new("a view with fields and rules", {"name": "vv", "type": "view", "viewQuery": "SELECT id FROM posts", "createRule": "", "fields": [{"name": "x", "type": "text"}]}),
    {"name": "a record into a view", "POST": f"{_AT}/v1/records", "as": "admin", "json": {"title": "x"}},
    {"name": "an update in a view", "PATCH": f"{_AT}/v1/records/p10000000000000", "as": "admin", "json": {"title": "x"}},
    {"name": "a delete in a view", "DELETE": f"{_AT}/v1/records/p10000000000000", "as": "admin"},
    {"name": "truncate a view", "DELETE": f"{_AT}/v1/truncate", "as": "admin"},
    *(_new(name, body) for name, body in (
        ("nothing", {}), ("no type", {"name": "notype", "fields": []}), ("an unknown type", {"name": "unknown", "type": "nosuch"}), ("fields null", {"name": "fnull", "type": "base", "fields": None}), ("fields text", {"name": "ftext", "type": "base", "fields": "x"}), ("a field null", {"name": "fn", "type": "base", "fields": [None]}),
        ("two fields of a name", {"name": "two", "type": "base", "fields": [{"name": "a", "type": "text"}, {"name": "A", "type": "text"}]}), ("two fields of an id", {"name": "twoid", "type": "base", "fields": [{"id": "x", "name": "a", "type": "text"}, {"id": "x", "name": "b", "type": "text"}]}), ("an own id", {"id": "my_own_id", "name": "ownid", "type": "base"}), ("a taken id", {"id": "my_own_id", "name": "ownid2", "type": "base"}), ("a bad id", {"id": "a b", "name": "badid", "type": "base"}),
        ("system", {"name": "sysx", "type": "base", "system": True}), ("bad rules", {"name": "badrules", "type": "base", "listRule": "nosuch = 1", "viewRule": "id =", "createRule": "@request.auth.nosuch = 1", "updateRule": "@collection.nosuch.id = 1", "deleteRule": "x"}), ("rules of a wrong type", {"name": "r5", "type": "base", "listRule": 5}), ("an own primary key", {"name": "ownpk", "type": "base", "fields": [{"name": "id", "type": "text", "primaryKey": True, "required": True, "pattern": "^[a-z]+$", "max": 5}]}),
        ("id as a number", {"name": "idnum", "type": "base", "fields": [{"name": "id", "type": "number"}]}), ("options of auth", {"name": "noauth", "type": "base", "passwordAuth": {"enabled": True}}), ("all rules", {"name": "allrules", "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "@request.auth.id != ''"}),
    )),
    {"name": "create: a broken body", "POST": _AT, "as": "admin", "raw": "{bad"}, {"name": "create: a list", "POST": _AT, "as": "admin", "raw": "[]"}, {"name": "create: text", "POST": _AT, "as": "admin", "raw": "x", "type": "text/plain"},
    *(_new(f"auth {name}", {"name": f"a_{_slug(name)}", "type": "auth", **body}) for name, body in (
        ("bare", {}), ("rules", {"authRule": "verified = true", "manageRule": "@request.auth.id != ''"}), ("bad authRule", {"authRule": "nosuch = 1"}), ("bad manageRule", {"manageRule": "nosuch = 1"}), ("no password", {"passwordAuth": {"enabled": False}}), ("no identity", {"passwordAuth": {"enabled": True, "identityFields": []}}), ("unknown identity", {"passwordAuth": {"enabled": True, "identityFields": ["nosuch"]}}),
        ("identity not unique", {"passwordAuth": {"enabled": True, "identityFields": ["name"]}, "fields": [{"name": "name", "type": "text"}]}), ("mfa alone", {"mfa": {"enabled": True}}), ("mfa with otp", {"mfa": {"enabled": True, "duration": 100}, "otp": {"enabled": True, "length": 6, "duration": 100}}), ("bad mfa rule", {"mfa": {"enabled": True, "rule": "nosuch = 1"}, "otp": {"enabled": True}}), ("otp too short", {"otp": {"enabled": True, "length": 2}}), ("otp duration", {"otp": {"enabled": True, "duration": 5, "length": 8}}),
        ("token durations", {"authToken": {"duration": 5}, "fileToken": {"duration": 999999999999}}), ("short secret", {"authToken": {"secret": "short", "duration": 100}}), ("own secret", {"authToken": {"secret": "x" * 30, "duration": 100}}), ("oauth2 unknown", {"oauth2": {"enabled": True, "providers": [{"name": "nosuch", "clientId": "a", "clientSecret": "b"}]}}), ("oauth2 without id", {"oauth2": {"enabled": True, "providers": [{"name": "google"}]}}), ("oauth2 twice", {"oauth2": {"enabled": True, "providers": [{"name": "google", "clientId": "a", "clientSecret": "b"}] * 2}}),
        ("oauth2", {"oauth2": {"enabled": True, "providers": [{"name": "google", "clientId": "a", "clientSecret": "b"}], "mappedFields": {"name": "nosuch"}}}), ("oauth2 oidc", {"oauth2": {"enabled": True, "providers": [{"name": "oidc", "clientId": "a", "clientSecret": "b"}]}}), ("templates", {"verificationTemplate": {"subject": "", "body": ""}, "resetPasswordTemplate": {"subject": "s", "body": "no placeholder"}}), ("alert", {"authAlert": {"enabled": False, "emailTemplate": {"subject": "x", "body": "y"}}}), ("email not required", {"fields": [{"name": "email", "type": "email", "required": False}]}), ("email as text", {"fields": [{"name": "email", "type": "text"}]}),
    )),
    _patch("an update of nothing", {}), _patch("an unknown key", {"nosuch": 1}), _patch("a new rule", {"listRule": ""}), _patch("a bad rule", {"listRule": "nosuch = 1"}), _patch("a rule to null", {"listRule": None}), _patch("the type", {"type": "auth"}), _patch("made system", {"system": True}), _patch("the id", {"id": "zzz"}), _patch("the name", {"name": "articles"}), _patch("the name back", {"name": "posts"}, "articles"), _patch("a taken name", {"name": "authors"}),
    _patch("fields without ids", {"fields": [{"name": "title", "type": "text"}, {"name": "n", "type": "number"}, {"name": "sel", "type": "select", "values": ["a", "b"], "maxSelect": 2}, {"name": "data", "type": "json"}, {"name": "added", "type": "bool"}]}),
    {"name": "its record after that", "GET": f"{_AT}/posts/records?sort=id", "as": "admin"},
    _patch("a field renamed by id", {"fields": [{"id": "text724990059", "name": "headline", "type": "text"}, {"name": "sel", "type": "select", "values": ["a", "b"], "maxSelect": 1}, {"name": "n", "type": "text"}]}),
    {"name": "its record after the rename", "GET": f"{_AT}/posts/records?sort=id", "as": "admin"},
    _patch("a field made multiple again", {"fields": [{"id": "text724990059", "name": "headline", "type": "text"}, {"name": "sel", "type": "select", "values": ["a", "b"], "maxSelect": 2}]}),
    {"name": "its record after that too", "GET": f"{_AT}/posts/records?sort=id", "as": "admin"},
    _patch("an index on a dropped field", {"indexes": ["CREATE INDEX idx_p ON posts (nosuch)"]}), _patch("an index", {"indexes": ["CREATE INDEX idx_p ON posts (headline)"]}), _patch("the indexed field dropped", {"fields": [{"name": "sel", "type": "select", "values": ["a", "b"], "maxSelect": 2}]}), _patch("no indexes", {"indexes": []}),
    _patch("a change of type", {"fields": [{"id": "select3616895705", "name": "sel", "type": "text"}]}), _patch("users renamed", {"name": "people"}, "users"), _patch("users back", {"name": "users"}, "people"), _patch("superusers renamed", {"name": "roots"}, "_superusers"), _patch("superusers' rule", {"listRule": ""}, "_superusers"), _patch("superusers' field dropped", {"fields": []}, "_superusers"), _patch("superusers' own field", {"fields": [{"name": "nick", "type": "text"}]}, "_superusers"), _patch("superusers' otp", {"otp": {"enabled": True}}, "_superusers"), _patch("superusers' manageRule", {"manageRule": ""}, "_superusers"), _patch("otps' rule", {"listRule": ""}, "_otps"), _patch("the query of a view", {"viewQuery": "SELECT id, n FROM posts"}, "v1"),
    *({"name": f"delete {name}", "DELETE": f"{_AT}/{name}", "as": "admin", **(_ANY_ORDER if "authors" in name else {})} for name in ("_superusers", "_otps", "authors", "nosuch", "v4", "c_number_bare", "c_relation_good", "authors?again", "posts")),
    {"name": "truncate users", "DELETE": f"{_AT}/users/truncate", "as": "admin"}, {"name": "no users left", "GET": f"{_AT}/users/records", "as": "admin"}, {"name": "truncate an unknown", "DELETE": f"{_AT}/nosuch/truncate", "as": "admin"}, {"name": "truncate superusers", "DELETE": f"{_AT}/_superusers/truncate", "as": "admin"}, {"name": "the superuser is gone", "GET": f"{_AT}?fields=name&sort=name", "as": "admin"},
]  # fmt: skip

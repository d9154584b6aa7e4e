"""Collections once more: what null means, how options merge, patterns and rules that are wrong, indexes, imports."""

from typing import Any

_AT = "/api/collections"
_TEXT = {"type": "text", "name": "title", "id": "t1"}
SETUP: list[dict[str, Any]] = [
    {"name": "a base collection", "POST": _AT, "as": "admin", "save": {"base": "id"}, "json": {
        "name": "base", "listRule": "", "fields": [_TEXT, {"type": "number", "name": "n"}, {"type": "json", "name": "j"}]}},
    {"name": "one that refers to it", "POST": _AT, "as": "admin", "save": {"ref": "id"}, "json": {
        "name": "ref", "fields": [{"type": "relation", "name": "to", "id": "r1", "collectionId": "$base", "maxSelect": 1}]}},
    {"name": "a view of it", "POST": _AT, "as": "admin", "json": {
        "name": "seen", "type": "view", "listRule": "", "viewQuery": "SELECT id, title, n FROM base"}},
    {"name": "an auth collection", "POST": _AT, "as": "admin", "json": {"name": "people", "type": "auth"}},
    {"name": "a row", "POST": f"{_AT}/base/records", "as": "admin", "json": {"id": "p10000000000000", "title": "one", "n": 1}},
    {"name": "a row that refers to it", "POST": f"{_AT}/ref/records", "as": "admin", "json": {"to": "p10000000000000"}},
]  # fmt: skip


def _new(name: str, body: Any) -> dict[str, Any]:
    return {"name": name, "POST": _AT, "as": "admin", "json": body}


def _patch(name: str, body: Any, target: str = "people") -> dict[str, Any]:
    return {"name": name, "PATCH": f"{_AT}/{target}", "as": "admin", "json": body}


def _import(name: str, collections: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": f"import: {name}",
        "PUT": f"{_AT}/import",
        "as": "admin",
        "json": {"collections": collections, **more},
    }


_GOOGLE = {"name": "google", "clientId": "a", "clientSecret": "s"}
_GITHUB = {"name": "github", "clientId": "c", "clientSecret": "t"}
_BAD_PATTERNS = (
    "[a", "[", "a**", "a+*", "a{1}{2}", "a???", "(a", "a)", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?<n>a", "(?P<n", "(?P<1>a)", "(?P<n>a)(?P<n>b)",
    "(?P=n)", "(?#c)", "(?", "(?i", "(?z)", "(?i-)", "a{2,1}", "a{1001}", "a{1000}{1000}", "\\", "\\y", "\\8", "\\1", "\\xg", "\\x{110000}", "\\x{zz}",
    "[z-a]", "[a-\\d]", "[[:foo:]]", "[[:^alpha:]]", "\\pX", "\\p{Greek", "\\p{Foo}", "*", "+a", "?", "|*", "(*)", "(|a)", "()", "a||b", "^*", "[]a]", "[^]a]", "[]",
    "[^]", "[a-]", "[-a]", "a{,2}", "a{", "a{1", "a{1,", "{1}", "\\Q", "\\E", "\\z", "\\Z", "\\A", "\\G", "\\C", "\\h", "\\R", "\\K", "\\cA", "\\e", "\\07", "(?i)a|b", "(?:a",
    "x" * 1200, "(" * 300, "\\pN", "\\PN", "[\\pL\\d_-]", "\\u0041", "(?x)a", "\\'", "\\ä", "[\\", "[a\\",
)  # fmt: skip
_BAD_RULES = (
    "zz = 1", "zz", "title =", "= 1", "a = 1 &&", "title = 'x", 'title = "x', "title = 1 | 2", "title = 1 & 2", "(title = 1", "title = 1)", "((title = 1)", "title == 1", "title => 1",
    "title ? 1", "title ! 1", "title <> 1", "title = 'a' title = 'b'", "title = 1 'x'", "1 = 1 2", "&& title = 1", "|| title = 1", "title = && 1", "// c", " ", "()", "(())",
    "@request.zz = 1", "@request.auth = 1", "@request.body = 1", "@collection.zz.id = 1", "@collection.base.zz = 1", "@collection.base = 1", "@collection = 1", "@zz = 1", "@now = 1 &&",
    "title.x = 1", "id.x = 1", "zz.x = 1", "foo(1) > 2", "strftime() = 1", "geoDistance(1, 2, 3) > 1", "geoDistance('a', 1, 2, 3) > 1", "id:zz = 1", "id:isset = true", "title:length = 1",
    "title:lower:each = 'a'", "title = @zz", "1 = zz", "title = ä", "titleä", "title = \u00a0", "1 = 1ä", "title = 1e5", "title = 5x", "title = .5", "title = -", "title = 5.", "title ~ [1]", "title = {}", "title = `x`", "title = 1;",
    "title = 1 -- x", "title = 1 /* x */", "@request.query.a:zz = 1", "@request.headers = 1", "collectionId = 1", "expand.x = 1", "created > 1",
)  # fmt: skip
_GOOD_RULES = (
    "id != ''",
    "n > 1 && (title ~ 'a' || title !~ 'b')",
    "@request.auth.id != ''",
    "@request.body.title:isset = true",
    "j.a.b = 1",
    "title:lower = 'a'",
    "@collection.ref.to ?= id",
    "ref_via_to.id ?!= ''",
    "@now > '2020'",
    "n = 1 // c\n&& n = 2",
    "geoDistance(n, n, 1, 2) < 5",
    "strftime('%Y', '2020') = '2020'",
    "true = true",
)
_INDEXES = (
    "CREATE INDEX %s ON base (title);", "  CREATE INDEX %s ON base (title)  ", "/* x */ CREATE INDEX %s ON base (title)", "CREATE INDEX %s ON base (title) garbage", "EXPLAIN CREATE INDEX %s ON base (title)",
    "CREATE INDEX %s ON base (title)where n > 1", "CREATE INDEX %s ON base(title)", "create\nindex\n%s\non\nbase\n(title)", "CREATE INDEX %s ON base (title,)", "CREATE INDEX %s ON base (,title)", "CREATE INDEX %s ON base (title) WHERE",
    "CREATE INDEX %s ON base (title) WHERE n > 1 AND title != ''", "CREATE INDEX main.%s ON base (title)", "CREATE INDEX zz.%s ON base (title)", "CREATE INDEX `%s x` ON base (title)", "CREATE INDEX [%s] ON [base] ([title])", 'CREATE INDEX "%s" ON "base" ("title")',
    "CREATE INDEX '%s' ON 'base' ('title')", "CREATE INDEX %s ON base (lower(title) desc, n asc)", "CREATE INDEX %s ON base (title || 'a,b')", "CREATE INDEX %s ON base (json_extract(j, '$.a'))", "CREATE INDEX %s ON base (title collate nocase)", "CREATE INDEX %s ON base (title collate zz)",
    "CREATE INDEX %s ON base (title) where zz = 1", "CREATE INDEX %s ON base (random())", "CREATE UNIQUE INDEX ON base (title)", "CREATE INDEX %s base (title)", "CREATE INDEX %s ON (title)", "CREATE INDEX %s ON base", "CREATE UNIQUE  INDEX  IF NOT EXISTS %s ON base (title)", "CREATE INDEX %s ON base (TITLE)",
    "CREATE INDEX sqlite_%s ON base (title)", "CREATE INDEX %s ON base (id)", "CREATE INDEX idx_mfas_collectionRef_recordRef ON base (title)", "REINDEX base",
)  # fmt: skip
_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("no identity fields", {"passwordAuth": {"identityFields": None}}), ("password auth null", {"passwordAuth": None}), ("it back", {"passwordAuth": {"enabled": True, "identityFields": ["email"]}}), ("two identity fields", {"passwordAuth": {"identityFields": ["email", "id"]}}), ("an empty identity", {"passwordAuth": {"identityFields": ["", "email"]}}), ("an identity twice", {"passwordAuth": {"identityFields": ["email", "email"]}}), ("identity text", {"passwordAuth": {"identityFields": "email"}}),
    ("providers", {"oauth2": {"enabled": True, "providers": [_GOOGLE, _GITHUB]}}), ("providers in another order without secrets", {"oauth2": {"providers": [{"name": "github"}, {"name": "google"}]}}), ("a new one without", {"oauth2": {"providers": [{"name": "gitlab"}, {"name": "google"}]}}), ("extra", {"oauth2": {"providers": [{"name": "google", "extra": {"x": 1}}]}}), ("more extra", {"oauth2": {"providers": [{"name": "google", "extra": {"y": [1]}}]}}), ("pkce", {"oauth2": {"providers": [{"name": "google", "pkce": False, "displayName": "G"}]}}), ("pkce text", {"oauth2": {"providers": [{"name": "google", "pkce": "x"}]}}),
    ("extra text", {"oauth2": {"providers": [{"name": "google", "extra": "x"}]}}), ("a provider null", {"oauth2": {"providers": [None]}}), ("a provider text", {"oauth2": {"providers": ["x"]}}), ("providers object", {"oauth2": {"providers": {}}}), ("oidc urls", {"oauth2": {"providers": [{"name": "oidc", "clientId": "a", "clientSecret": "b", "authURL": "x", "tokenURL": "a b", "userInfoURL": "ftp://x.y"}]}}), ("oidc2", {"oauth2": {"providers": [{"name": "oidc2", "clientId": "a", "clientSecret": "b"}]}}), ("without a name", {"oauth2": {"providers": [{"clientId": "a"}]}}), ("two without a name", {"oauth2": {"providers": [{}, {}]}}),
    ("unknown but off", {"oauth2": {"enabled": False, "providers": [{"name": "nosuch"}]}}), ("no providers", {"oauth2": {"providers": []}}), ("providers null", {"oauth2": {"providers": None}}), ("oauth2 null", {"oauth2": None}), ("mapped", {"oauth2": {"mappedFields": {"id": "email", "name": "nosuch", "username": "id", "avatarURL": "zz"}}}), ("mapped null", {"oauth2": {"mappedFields": None}}), ("oauth2 text", {"oauth2": "x"}),
    ("token null", {"authToken": None}), ("token text", {"authToken": {"duration": "5"}}), ("token fraction", {"authToken": {"duration": 1800.5}}), ("token 0", {"authToken": {"duration": 0}}), ("token 10", {"fileToken": {"duration": 10}}), ("token 9", {"fileToken": {"duration": 9}}), ("token most", {"fileToken": {"duration": 94670856}}), ("token more", {"fileToken": {"duration": 94670857}}), ("secret 29", {"fileToken": {"secret": "x" * 29}}), ("secret 255", {"fileToken": {"secret": "x" * 255}}), ("secret 256", {"fileToken": {"secret": "x" * 256}}), ("secret wide", {"fileToken": {"secret": "é" * 15}}), ("secret empty", {"fileToken": {"secret": ""}}), ("all tokens wrong", {"authToken": {"duration": 1}, "passwordResetToken": {"duration": 1}, "emailChangeToken": {"duration": 1}, "verificationToken": {"duration": 1}, "fileToken": {"duration": 1}}),
    ("mfa off with a rule", {"mfa": {"enabled": False, "rule": "zz = 1"}}), ("mfa", {"mfa": {"enabled": True, "duration": 9}, "otp": {"enabled": True}}), ("mfa most", {"mfa": {"enabled": True, "duration": 86401}, "otp": {"enabled": True}}), ("mfa rule", {"mfa": {"enabled": True, "duration": 600, "rule": "email != ''"}, "otp": {"enabled": True}}), ("mfa without otp", {"otp": {"enabled": False}}), ("mfa off", {"mfa": {"enabled": False}, "otp": {"enabled": False}}), ("otp off and wrong", {"otp": {"length": 1, "duration": 1}}), ("otp on and wrong", {"otp": {"enabled": True}}), ("otp zero", {"otp": {"enabled": True, "length": 0, "duration": 0}}), ("otp good", {"otp": {"enabled": False, "length": 4, "duration": 10}}), ("otp template", {"otp": {"emailTemplate": {"subject": ""}}}), ("otp template null", {"otp": {"emailTemplate": None}}),
    ("alert null", {"authAlert": None}), ("alert", {"authAlert": {"enabled": True, "emailTemplate": {"subject": "s", "body": "b"}}}), ("template null", {"verificationTemplate": None}), ("template text", {"verificationTemplate": "x"}), ("template number", {"verificationTemplate": {"subject": 5}}), ("templates", {"confirmEmailChangeTemplate": {"subject": "s"}, "resetPasswordTemplate": {"body": ""}}), ("rules", {"authRule": None, "manageRule": "id != ''"}), ("rules back", {"authRule": "", "manageRule": None}), ("manage empty", {"manageRule": ""}), ("auth number", {"authRule": 5}),
    ("other case", {"OAUTH2": {"enabled": True}, "AuthRule": "zz"}), ("indexes gone", {"indexes": []}), ("indexes null", {"indexes": None}), ("index not unique", {"indexes": ["CREATE INDEX a1 ON people (email)", "CREATE INDEX a2 ON people (tokenKey)"]}), ("index of two", {"indexes": ["CREATE UNIQUE INDEX a1 ON people (email, id)"]}), ("index with a condition", {"indexes": ["CREATE UNIQUE INDEX a1 ON people (email) WHERE id != ''", "CREATE UNIQUE INDEX a2 ON people (tokenKey collate nocase desc)"]}),
    ("email dropped", {"fields": []}), ("email hidden", {"fields": [{"name": "email", "type": "email", "hidden": True, "required": False, "onlyDomains": ["x.co"]}]}), ("token shown", {"fields": [{"name": "tokenKey", "type": "text", "hidden": False, "system": False, "min": 1}]}), ("password min", {"fields": [{"name": "password", "type": "password", "min": 5, "hidden": False, "cost": 5}]}), ("verified as text", {"fields": [{"name": "verified", "type": "text"}]}), ("reserved", {"fields": [{"name": "passwordConfirm", "type": "text"}, {"name": "oldPassword", "type": "text"}]}), ("the type", {"type": "base"}), ("to a view", {"type": "view", "viewQuery": "SELECT id FROM base"}),
)  # fmt: skip
_OWN_IDS: list[tuple[str, list[dict[str, Any]]]] = [
    ("base", [{"type": "bool", "name": "a", "id": "text3208210256"}]),
    ("base", [{"type": "bool", "name": "a", "id": "text3208210256"}, {"type": "text", "name": "id", "id": "f1"}]),
    ("base", [{"type": "text", "name": "a", "id": "text3208210256"}, {"type": "text", "name": "id", "id": "f1"}]),
    ("auth", [{"type": "bool", "name": "a", "id": "email3885137012"}]),
    ("auth", [{"type": "bool", "name": "email", "id": "email3885137012"}]),
    ("auth", [{"type": "text", "name": "a", "id": "text2504183744"}]),
]
SCENARIOS: list[dict[str, Any]] = [
    *(_new(f"the id of a first field {number}", {"name": f"own{number}", "type": kind, "fields": fields}) for number, (kind, fields) in enumerate(_OWN_IDS)),
    *(_patch(f"options: {name}", body) for name, body in _OPTIONS),
    *(_new(f"pattern {number}: {pattern!r:.40}", {"name": f"pat{number}", "fields": [{"type": "text", "name": "a", "pattern": pattern}, {"type": "password", "name": "b", "pattern": pattern}]}) for number, pattern in enumerate(_BAD_PATTERNS)),
    *(_patch(f"rule {number}: {rule!r}", {"viewRule": rule}, "base") for number, rule in enumerate(_BAD_RULES)),
    *(_patch(f"good rule {number}: {rule!r}", {"viewRule": rule}, "base") for number, rule in enumerate(_GOOD_RULES)),
    *(_patch(f"index {number}: {sql!r:.60}", {"indexes": [sql.replace("%s", f"ix{number}")]}, "base") for number, sql in enumerate(_INDEXES)),
    _patch("no index", {"indexes": []}, "base"),
    _patch("name null", {"name": None}, "base"), _patch("type null", {"type": None}, "base"), _patch("fields null", {"fields": None}, "ref"), _patch("system null", {"system": None}, "base"), _patch("id null", {"id": None}, "base"), _patch("id empty", {"id": ""}, "base"), _patch("created", {"created": "2001-02-03 04:05:06.789Z"}, "base"), _patch("created wrong", {"created": 5}, "base"), _patch("updated", {"updated": "2001-02-03 04:05:06.789Z"}, "base"), _patch("the same id", {"id": "$base"}, "base"),
    _patch("another relation", {"fields": [{"type": "relation", "name": "to", "id": "r1", "collectionId": "_pb_users_auth_", "maxSelect": 1}]}, "ref"), _patch("a relation to itself", {"fields": [{"type": "relation", "name": "to", "collectionId": "$ref"}]}, "ref"), _patch("a relation to a view", {"fields": [{"type": "relation", "name": "see", "collectionId": "pbc_3254137553"}]}, "ref"),
    _patch("a query that is none", {"viewQuery": "x"}, "seen"), _patch("no query", {"viewQuery": ""}, "seen"), _patch("query null", {"viewQuery": None}, "seen"), _patch("a view's fields", {"fields": [{"type": "text", "name": "x"}]}, "seen"), _patch("a view's index", {"indexes": ["CREATE INDEX a ON seen (id)"]}, "seen"), _patch("a view's write rules", {"createRule": "", "updateRule": "id = ''", "deleteRule": None}, "seen"), _patch("a view renamed", {"name": "seen2"}, "seen"), _patch("and back", {"name": "seen"}, "seen2"), _patch("a view of itself", {"viewQuery": "SELECT id FROM seen"}, "seen"), _patch("a view with other columns", {"viewQuery": "SELECT id, n as m, title || 'x' as t, n + 1 as k FROM base"}, "seen"), {"name": "its rows", "GET": f"{_AT}/seen/records"},
    _patch("the viewed field dropped", {"fields": [{"type": "number", "name": "n"}]}, "base"), {"name": "the view now", "GET": f"{_AT}/seen", "as": "admin"}, {"name": "its rows now", "GET": f"{_AT}/seen/records"}, _patch("the viewed collection renamed", {"name": "base2"}, "base"), {"name": "the view of the renamed", "GET": f"{_AT}/seen/records"}, _patch("and the name back", {"name": "base"}, "base2"), {"name": "delete what is viewed", "DELETE": f"{_AT}/base", "as": "admin"},
    *({"name": f"body {number}", "POST": _AT, "as": "admin", "raw": raw, "type": kind} for number, (raw, kind) in enumerate((
        ('{{"name":"b1","name":"b2"}}', "application/json"), ('{{"name":"b3","Name":"b4"}}', "application/json"), ('{{"name":"b5"}} x', "application/json"), ('{{"name":"b6","zz":{{"a":1,"a":2}}}}', "application/json"), (b'{"name":"b\xff"}', "application/json"), ('{{"name":"b7","fields":[{{"type":"text","name":"a","max":5.0}}]}}', "application/json"), ('{{"name":"b8","fields":[{{"type":"number","name":"a","max":5.0}}]}}', "application/json"), ('{{"NAME":"b9","TYPE":"auth"}}', "application/json"), ('{{"Name":"b10","Fields":[{{"Type":"text","Name":"x"}}],"LISTRULE":""}}', "application/json"),
        ("name=f1&type=base&listRule=id%3D%27%27", "application/x-www-form-urlencoded"), ("name=f2&system=x", "application/x-www-form-urlencoded"), ("name=f3&system=1", "application/x-www-form-urlencoded"), ("name=f4&type=view&viewQuery=SELECT+id+FROM+users", "application/x-www-form-urlencoded"), ("", "application/x-www-form-urlencoded"), ('{{"name":"b11"}}', "text/plain"), ("", "text/plain"), ('"x"', "application/json"), ("5", "application/json"), ("null", "application/json"), ('{{"name":"b12","fields":[{{"type":"text","name":"a","min":9223372036854775808}}]}}', "application/json"), ('{{"name":"b13","fields":[{{"type":"text","name":"a","min":-9223372036854775808}}]}}', "application/json"),
    ))),
    _import("nothing", []), _import("null", None), _import("text", "x"), _import("a number in it", [5]), _import("null in it", [None]), _import("an empty one", [{}]), _import("a flag of text", [{"name": "i0"}], deleteMissing="x"), {"name": "import: no body", "PUT": f"{_AT}/import", "as": "admin", "json": {}}, {"name": "import: a list", "PUT": f"{_AT}/import", "as": "admin", "raw": "[]"}, {"name": "import: as a user", "PUT": f"{_AT}/import", "json": {"collections": [{"name": "x"}]}},
    _import("one by name", [{"name": "i1"}]), {"name": "i1", "GET": f"{_AT}/i1", "as": "admin"}, _import("it again with a field", [{"name": "i1", "fields": [_TEXT]}]), _import("it again with another", [{"name": "i1", "fields": [{"type": "bool", "name": "b"}]}]), {"name": "i1 with both", "GET": f"{_AT}/i1", "as": "admin"}, _import("a wrong type", [{"name": "i2", "type": "zz"}]), _import("a wrong index", [{"name": "i3", "indexes": ["zzz"]}]), _import("a wrong index expression", [{"name": "i4", "indexes": ["CREATE INDEX q ON i4 (zz)"]}]), _import("a wrong field name", [{"name": "i5", "fields": [{"type": "text", "name": "a b"}]}]), _import("a wrong rule", [{"name": "i6", "listRule": "zz ="}, {"name": "i7"}]), _import("many wrong things", [{"name": "i 8", "listRule": "x", "fields": [{"type": "select", "name": "s"}, {"type": "number", "name": "n", "onlyInt": True, "min": 0.5}, {"type": "text", "name": "t", "pattern": "("}]}]),
    _import("a view without id", [{"name": "i9", "type": "view", "viewQuery": "SELECT 1"}]), _import("a view before its collection", [{"name": "i10", "type": "view", "viewQuery": "SELECT id, title FROM i11"}, {"name": "i11", "fields": [_TEXT]}]), {"name": "i10", "GET": f"{_AT}/i10", "as": "admin"}, _import("relations both ways", [{"id": "one_", "name": "i12", "fields": [{"type": "relation", "name": "r", "collectionId": "two_"}]}, {"id": "two_", "name": "i13", "fields": [{"type": "relation", "name": "r", "collectionId": "one_"}]}]), _import("an unknown relation", [{"name": "i14", "fields": [{"type": "relation", "name": "r", "collectionId": "zz"}]}]), _import("a taken name with another id", [{"id": "other_id_", "name": "base"}]), _import("a rename by id", [{"id": "one_", "name": "i12b"}]), _import("a system one", [{"name": "_superusers", "system": False}]), _import("a system one renamed", [{"id": "pbc_3142635823", "name": "roots"}]), _import("a system rule", [{"name": "_otps", "listRule": ""}]), _import("a system field dropped", [{"name": "_otps", "fields": []}], deleteMissing=False),
    _import("a change of a field's type", [{"name": "i11", "fields": [{"type": "number", "name": "title", "id": "t1"}]}]), _import("an auth one", [{"name": "i15", "type": "auth", "oauth2": {"enabled": True, "providers": [{"name": "zz"}]}}]), _import("an auth one that is good", [{"name": "i16", "type": "auth"}]), {"name": "i16", "GET": f"{_AT}/i16", "as": "admin"}, _import("one without its fields", [{"name": "i11"}], deleteMissing=True), {"name": "what is left", "GET": f"{_AT}?fields=name,fields.name&sort=name&perPage=200", "as": "admin"},
]  # fmt: skip

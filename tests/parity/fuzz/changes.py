"""Random changes of collections: fields that come, go, swap names and turn multiple, indexes, rules, options, views,
imports; and what records and views say after each.
"""

from typing import Any

from hypothesis import strategies as st

from tests.parity.harness.scenario import Step

AT = "/api/collections"
LISTED = f"{AT}?sort=name&filter=name%3D'aa'||name%3D'bb'||name%3D'vv'&fields=name,type,indexes,fields.name,fields.type"
NAMES = ["aa", "bb", "vv"]
KINDS = ["fields", "fields", "fields", "patch", "record", "records", "view", "list", "import", "dry", "drop"]
FIELD_NAMES = ["a", "b", "c", "A", "id", "email", "tokenKey", "x y", "", "created"]
FIELD_IDS = ["f1", "f2", "f3", "", "text3208210256"]
#: The stock server shows collections of an import that failed until it has reason to read them again; this is one.
RELOAD = {"PATCH": f"{AT}/users", "as": "admin", "json": {}}
BOUNDS: list[Any] = [0, 1, 3, -1, 2.5, None, "x", 9007199254740992]
IDENTITIES = st.sampled_from(["email", "a", "zz"])
PATTERNS = ["", "^[a-z]*$", "(", "[a-z]{2}", "^a$"]
RULES = [
    None,
    "",
    "id != ''",
    "a = 'x'",
    "n > 1",
    "zz = 1",
    "id =",
    "@request.auth.id != ''",
    "c.a != ''",
    "aa_via_c.id != ''",
]
INDEXES = [
    "CREATE INDEX i1 ON aa (a)",
    "CREATE UNIQUE INDEX i2 ON aa (a)",
    "CREATE UNIQUE INDEX i3 ON bb (a, b)",
    "create index i1 on zz (`b`)",
    "CREATE INDEX i4 ON aa (zz)",
    "nonsense",
    "CREATE INDEX I1 ON aa (id)",
    "CREATE INDEX i5 ON aa (lower(a), b desc) where a != ''",
    "CREATE UNIQUE INDEX i6 ON bb (email)",
    "CREATE UNIQUE INDEX i7 ON bb (tokenKey)",
]
QUERIES = [
    "SELECT id, a FROM aa",
    "SELECT id FROM aa",
    "SELECT aa.id, aa.a as x, count(*) as n FROM aa GROUP BY aa.id",
    "SELECT id, b as y FROM bb",
    "SELECT x.id, x.a, y.b FROM aa x LEFT JOIN bb y ON y.id = x.id",
    "SELECT * FROM aa",
    "SELECT a FROM aa",
    "nonsense",
    "",
    "SELECT (ROW_NUMBER() OVER()) as id, a, cast(b as int) as b FROM aa",
    "SELECT id, email FROM bb",
]
VALUES: list[Any] = ["", "x", "yz", 0, 1, 2.5, True, None, [], ["x"], ["x", "yz"], {"k": 1}, "2024-01-02", '["x"]']
RELATED = ["pbc_1879506391", "pbc_3087410397", "_pb_users_auth_", "aa", "zz", ""]
_SCALARS: dict[str, list[str]] = {
    "text": ["min", "max"],
    "number": ["min", "max"],
    "editor": ["maxSize"],
    "json": ["maxSize"],
    "select": ["maxSelect"],
    "relation": ["minSelect", "maxSelect"],
    "file": ["maxSelect", "maxSize"],
    "bool": [],
    "date": [],
    "email": [],
    "url": [],
    "geoPoint": [],
    "autodate": [],
    "password": ["min", "max", "cost"],
}


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Step], list[Step]]:
    """A few collections, and what is done to them."""
    few = st.lists(_field(), max_size=3)
    setup = [
        _step("POST", AT, {"name": "aa", "type": "base", "listRule": "", "fields": draw(few)}),
        _step("POST", AT, {"name": "bb", "type": draw(st.sampled_from(["base", "auth"])), "fields": draw(few)}),
        _step("POST", AT, {"name": "vv", "type": "view", "listRule": "", "viewQuery": draw(st.sampled_from(QUERIES))}),
    ]
    steps = [
        step
        for change in draw(st.lists(_change(), min_size=2, max_size=12))
        for step in (change, *([dict(RELOAD)] if "PUT" in change else []))
    ]
    for number, step in enumerate([*setup, *steps]):
        step["name"] = f"step {number}"
    return setup, steps


def _step(method: str, target: str, body: Any = None) -> Step:
    return {method: target, "as": "admin", **({} if body is None else {"json": body})}


@st.composite
def _change(draw: st.DrawFn) -> Step:
    name = draw(st.sampled_from(NAMES))
    kind = draw(
        st.sampled_from(
            ["fields", "fields", "fields", "patch", "record", "records", "view", "list", "import", "dry", "drop"]
        )
    )
    if kind == "fields":
        return _step("PATCH", f"{AT}/{name}", {"fields": draw(st.lists(_field(), max_size=4))})
    if kind == "patch":
        return _step("PATCH", f"{AT}/{name}", draw(_patch()))
    if kind == "record":
        keys = draw(st.lists(st.sampled_from(["a", "b", "c", "created"]), max_size=3, unique=True))
        return _step("POST", f"{AT}/{name}/records", {key: draw(st.sampled_from(VALUES)) for key in keys})
    if kind == "records":
        return _step("GET", f"{AT}/{name}/records?sort=a,b,c")
    if kind == "view":
        return _step("GET", f"{AT}/{name}")
    if kind == "list":
        return _step(
            "GET",
            LISTED,
        )
    if kind == "dry":
        step = _step("POST", f"{AT}/meta/dry-run-view", {"query": draw(st.sampled_from(QUERIES))})
        return {**step, "ignore": ["sample.*.collectionId"], "why": "random-examples"}
    if kind == "import":
        made = draw(st.lists(_imported(), min_size=1, max_size=3))
        return _step("PUT", f"{AT}/import", {"collections": made})
    return _step("DELETE", f"{AT}/{name}" + draw(st.sampled_from(["", "/truncate"])))


@st.composite
def _imported(draw: st.DrawFn) -> dict[str, Any]:
    made = {"name": draw(st.sampled_from(NAMES)), **draw(_patch())}
    if draw(st.booleans()):
        made["fields"] = draw(st.lists(_field(), max_size=3))
    return made


@st.composite
def _patch(draw: st.DrawFn) -> dict[str, Any]:
    """One to three other things of a collection."""
    options: dict[str, st.SearchStrategy[Any]] = {
        "listRule": st.sampled_from(RULES),
        "createRule": st.sampled_from(RULES),
        "indexes": st.lists(st.sampled_from(INDEXES), max_size=2),
        "viewQuery": st.sampled_from(QUERIES),
        "authRule": st.sampled_from(RULES),
        "mfa": st.fixed_dictionaries({"enabled": st.booleans(), "duration": st.sampled_from([5, 100])}),
        "otp": st.fixed_dictionaries({"enabled": st.booleans(), "length": st.sampled_from([3, 6])}),
        "passwordAuth": st.fixed_dictionaries({"identityFields": st.lists(IDENTITIES, max_size=2)}),
        "type": st.sampled_from(["base", "auth", "view", "zz"]),
    }
    keys = draw(st.lists(st.sampled_from(sorted(options)), min_size=1, max_size=3, unique=True))
    return {key: draw(options[key]) for key in keys}


@st.composite
def _field(draw: st.DrawFn) -> dict[str, Any]:
    """A field with a name and id that others may have too; mostly valid."""
    kind = draw(st.sampled_from([*_SCALARS, "text", "select", "relation", "number"]))
    made: dict[str, Any] = {"type": kind, "name": draw(st.sampled_from(FIELD_NAMES[:3]) | st.sampled_from(FIELD_NAMES))}
    given = draw(st.sampled_from(FIELD_IDS))
    if given:
        made["id"] = given
    if kind == "select":
        made["values"] = draw(st.sampled_from([["x"], ["x", "yz"], ["x", "yz", "1"]]))
        made["maxSelect"] = draw(st.sampled_from([0, 1, 2, 3]))
    if kind == "relation":
        made["collectionId"] = draw(st.sampled_from(RELATED))
        made["maxSelect"] = draw(st.sampled_from([0, 1, 2]))
    if kind == "autodate":
        made["onCreate"] = draw(st.booleans())
    if kind == "text" and draw(st.booleans()):
        made["pattern"] = draw(st.sampled_from(PATTERNS))
    for option in _SCALARS[kind]:
        if option not in made and draw(st.integers(0, 5)) == 0:
            made[option] = draw(st.sampled_from(BOUNDS))
    for flag in ("required", "hidden", "system"):
        if draw(st.integers(0, 6)) == 0:
            made[flag] = True
    return made

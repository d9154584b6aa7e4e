"""Random collections and records: what a world is made of."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Step = dict[str, Any]
IDS = ["{}{}".format(letter, "0" * 14) for letter in "abcdefgh"]
WORDS = ["", "a", "ab", "Ab", "x y", "100%", "it's", "ünï", "12", "null", "_", "<b>z</b>", '"q"', "a\\b"]
NUMBERS: list[Any] = [0, 1, 2, 2.5, -3, 12, 1e21, 1e-7, 123456789012]
DATES = ["", "2024-01-02 03:04:05.678Z", "2023-12-31 23:59:59.000Z", "2025-06-07 08:09:10.100Z"]
JSONS: list[Any] = [None, 1, "s", True, [], {}, [1, "a", None], {"k": "v"}, {"k": [1, {"z": 2}]}, {"a": {"b": [3]}}, ""]
POINTS = [{"lon": 0, "lat": 0}, {"lon": 10.5, "lat": 50}, {"lon": -180, "lat": 90}]
SELECT = ["a", "b", "c"]


@dataclass
class Shape:
    """A collection: its name, type, fields by name, and the records that set it up."""

    name: str
    kind: str
    fields: dict[str, dict[str, Any]]
    rules: dict[str, str | None] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)

    def of(self, *types: str) -> list[str]:
        """The names of the fields of these types."""
        return [name for name, options in self.fields.items() if options["type"] in types]

    def relations(self) -> list[tuple[str, str]]:
        """(field, target collection) of each relation."""
        return [(name, options["$to"]) for name, options in self.fields.items() if options["type"] == "relation"]


PLAIN: dict[str, dict[str, Any]] = {
    "title": {"type": "text"},
    "code": {"type": "text", "min": 2, "max": 5, "pattern": "^[a-z]*$"},
    "n": {"type": "number"},
    "whole": {"type": "number", "onlyInt": True, "min": -5, "max": 100},
    "ok": {"type": "bool"},
    "day": {"type": "date"},
    "mail": {"type": "email"},
    "link": {"type": "url"},
    "html": {"type": "editor"},
    "data": {"type": "json"},
    "place": {"type": "geoPoint"},
    "one": {"type": "select", "values": SELECT, "maxSelect": 1},
    "sel": {"type": "select", "values": SELECT, "maxSelect": 3},
    "hush": {"type": "text", "hidden": True},
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(WORDS),
    "number": st.sampled_from(NUMBERS),
    "bool": st.booleans(),
    "date": st.sampled_from(DATES),
    "email": st.sampled_from(["", "a@b.co", "z@y.co"]),
    "url": st.sampled_from(["", "https://b.co", "http://x.y/z?q=1"]),
    "editor": st.sampled_from(["", "<p>x</p>", "plain <b>b</b> text"]),
    "json": st.sampled_from(JSONS),
    "geoPoint": st.sampled_from(POINTS),
}
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(WORDS), st.sampled_from(NUMBERS), st.booleans(), st.none(), st.sampled_from(JSONS),
    st.sampled_from(DATES), st.sampled_from(IDS), st.lists(st.sampled_from([*SELECT, *IDS]), max_size=3),
)  # fmt: skip


@st.composite
def shapes(draw: st.DrawFn) -> list[Shape]:
    """One to three collections that may point to one another."""
    names = ["alpha", "beta", "gamma"][: draw(st.integers(1, 3))]
    made: list[Shape] = []
    for name in names:
        plain = draw(st.lists(st.sampled_from(sorted(PLAIN)), min_size=2, max_size=7, unique=True))
        fields = {one: dict(PLAIN[one]) for one in plain}
        for relation in draw(st.lists(st.sampled_from(["rel", "rels", "more"]), max_size=2, unique=True)):
            fields[relation] = draw(_relation(names[: len(made) + 1], relation))
        indexes = [
            f"CREATE {draw(st.sampled_from(['', 'UNIQUE ']))}INDEX `idx_{name}_{one}` ON `{name}` (`{one}`)"
            for one in fields
            if draw(st.integers(0, 5)) == 0 and fields[one].get("$to") != name
        ]
        made.append(Shape(name, draw(st.sampled_from(["base", "base", "base", "auth"])), fields, indexes=indexes))
    return made


@st.composite
def _relation(draw: st.DrawFn, names: list[str], relation: str) -> dict[str, Any]:
    options: dict[str, Any] = {"type": "relation", "$to": draw(st.sampled_from(names))}
    options["maxSelect"] = 1 if relation == "rel" else draw(st.sampled_from([2, 5]))
    options["cascadeDelete"] = draw(st.booleans())
    if draw(st.integers(0, 9)) == 0:
        options["required"] = True
    return options


@st.composite
def values(draw: st.DrawFn, shape: Shape, others: dict[str, Shape]) -> dict[str, Any]:
    """Good values for some of a shape's fields."""
    data: dict[str, Any] = {}
    for name, options in shape.fields.items():
        if options["type"] == "relation":
            ids = others[options["$to"]].ids
            several = st.lists(st.sampled_from(ids), max_size=options["maxSelect"], unique=True) if ids else st.just([])
            single = st.sampled_from(["", *ids])
            data[name] = draw(single if options["maxSelect"] == 1 else several)
        elif options["type"] == "select":
            single = st.sampled_from(["", *SELECT])
            several = st.lists(st.sampled_from(SELECT), max_size=3, unique=True)
            data[name] = draw(single if options["maxSelect"] == 1 else several)
        elif name == "code":
            data[name] = draw(st.sampled_from(["", "ab", "abc"]))
        elif name == "whole":
            data[name] = draw(st.integers(-5, 100))
        else:
            data[name] = draw(VALUES[options["type"]])
    return data


def create_collection(shape: Shape) -> list[Step]:
    """The steps that make a shape's collection; every rule is open until the rules are set.

    A collection that points to itself gets those fields once it is there.
    """
    fields = [
        {**{key: value for key, value in options.items() if key != "$to"}, "name": name}
        | ({"collectionId": f"${options['$to']}"} if "$to" in options else {})
        for name, options in shape.fields.items()
    ]
    itself = f"${shape.name}"
    first = [one for one in fields if one.get("collectionId") != itself]
    steps = [_create(shape, first)]
    if len(first) < len(fields):
        target = f"/api/collections/{shape.name}"
        steps.append({"name": f"complete {shape.name}", "PATCH": target, "as": "admin", "json": {"fields": fields}})
    return steps


def _create(shape: Shape, fields: list[dict[str, Any]]) -> Step:
    body: dict[str, Any] = {"name": shape.name, "type": shape.kind, "fields": fields, "indexes": shape.indexes}
    body |= dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    return {
        "name": f"make {shape.name}",
        "POST": "/api/collections",
        "as": "admin",
        "json": body,
        "save": {shape.name: "id"},
    }


@st.composite
def view(draw: st.DrawFn, shape: Shape) -> Shape:
    """A view over some of a shape's fields."""
    kept = draw(st.lists(st.sampled_from(sorted(shape.fields)), min_size=1, unique=True))
    fields = {name: shape.fields[name] for name in kept}
    return Shape(f"{shape.name}_view", "view", fields, {"from": shape.name}, list(shape.ids))


def create_view(shape: Shape) -> Step:
    """The step that makes a view's collection."""
    query = f"SELECT {', '.join(['id', *shape.fields])} FROM {shape.rules['from']}"
    body = {"name": shape.name, "type": "view", "viewQuery": query, "listRule": "", "viewRule": ""}
    return {"name": f"make {shape.name}", "POST": "/api/collections", "as": "admin", "json": body}


def create_record(shape: Shape, record_id: str, data: dict[str, Any]) -> Step:
    """The step that makes a record, as a superuser."""
    body = {"id": record_id, **data}
    if shape.kind == "auth":
        login = {"email": f"{shape.name}.{record_id[0]}@x.co", "password": "12345678", "passwordConfirm": "12345678"}
        body |= login | {"emailVisibility": record_id[0] in "ac"}
    return {
        "name": f"a record of {shape.name}",
        "POST": f"/api/collections/{shape.name}/records",
        "as": "admin",
        "json": body,
    }

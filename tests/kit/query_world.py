"""A small catalog, a request and a filled database in memory, for tests of the query language."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw

from pbe.query.select import Selection, columns, count, late_rows, rows


@dataclass
class FakeField:
    """A field as the compiler sees it."""

    name: str
    type: str = "text"
    hidden: bool = False
    max_select: int = 0
    collection_id: str = ""


@dataclass
class FakeCollection:
    """A collection as the compiler sees it."""

    name: str
    fields: list[FakeField]
    type: str = "base"
    list_rule: str | None = ""
    indexes: Sequence[str] = ()

    @property
    def id(self) -> str:
        """An id that differs from the name."""
        return f"pbc_{self.name}"

    def field(self, name: str) -> FakeField | None:
        """The field with exactly this name."""
        return next((one for one in self.fields if one.name == name), None)


@dataclass
class FakeAuth:
    """The record that asks."""

    id: str
    collection: FakeCollection
    values: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """A field's value."""
        return self.values.get(name)


@dataclass
class FakeRequest:
    """A request."""

    context: str = "default"
    method: str = "GET"
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    auth: FakeAuth | None = None


USERS = FakeCollection(
    "users",
    [FakeField("id"), FakeField("name"), FakeField("email", "email"), FakeField("emailVisibility", "bool")],
    type="auth",
)
TAGS = FakeCollection("tags", [FakeField("id"), FakeField("name"), FakeField("owner", "relation", False, 1, USERS.id)])
SECRETS = FakeCollection("secrets", [FakeField("id"), FakeField("word")], list_rule=None)
POSTS = FakeCollection(
    "posts",
    [
        FakeField("id"),
        FakeField("title"),
        FakeField("n", "number"),
        FakeField("ok", "bool"),
        FakeField("sel", "select", False, 3),
        FakeField("author", "relation", False, 1, USERS.id),
        FakeField("tags", "relation", False, 9, TAGS.id),
        FakeField("vault", "relation", False, 1, SECRETS.id),
        FakeField("data", "json"),
        FakeField("at", "geoPoint"),
        FakeField("day", "date"),
        FakeField("hush", "text", True),
    ],
)
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "users": [("u1", "Ann", "ann@x.y", 1), ("u2", "Bob", "bob@x.y", 0)],
    "tags": [("t1", "red", "u1"), ("t2", "blue", "u2"), ("t3", "", "")],
    "secrets": [("s1", "sesame")],
    "posts": [
        ("p1", "one", 1, 1, '["a"]', "u1", '["t1"]', "s1", '{"k":[{"v":5}],"s":"x"}', '{"lon":0,"lat":0}',
         "2024-01-02 03:04:05.000Z", "h1"),
        ("p2", "two", 2.5, 0, '["a","b"]', "u2", '["t1","t2"]', "", "null", '{"lon":1,"lat":1}', "", "h2"),
        ("p3", "", 0, 0, "[]", "", "[]", "", '"word"', '{"lon":10,"lat":50}', "", ""),
        ("p4", "50%_off", -3, 1, '["c"]', "u1", '["t3"]', "", "12", '{"lon":0,"lat":0}',
         "2020-01-01 00:00:00.000Z", ""),
    ],
}  # fmt: skip


class World:
    """The four collections over a database in memory; the catalog of itself."""

    def __init__(self) -> None:
        self.collections = [USERS, TAGS, SECRETS, POSTS]
        self.db = apsw.Connection(":memory:")
        for one in self.collections:
            names = [column.name for column in one.fields]
            self.db.execute(f"CREATE TABLE {one.name} ({', '.join(map(_typed, one.fields))})")
            marks = ", ".join("?" * len(names))
            self.db.executemany(f"INSERT INTO {one.name} VALUES ({marks})", ROWS[one.name])

    def collection(self, name_or_id: str) -> FakeCollection | None:
        """A collection of that name or id."""
        return next((one for one in self.collections if name_or_id.lower() in (one.name, one.id)), None)

    def find(self, text: str, *, sort: str = "", request: FakeRequest | None = None, hidden: bool = True) -> list[str]:
        """The ids of the posts that satisfy `text`, in order; three statements that must agree are run."""
        selection = Selection(self, POSTS, request or FakeRequest(), 0.0)
        selection.filter(text, hidden_allowed=hidden)
        selection.sort(sort, hidden_allowed=hidden)
        compiled = selection.compiled()
        assert compiled.params is not None
        every = columns([column.name for column in POSTS.fields])
        plain, late, total = rows(compiled, every, 30), late_rows(compiled, every, 30), count(compiled)
        found = list(self.db.execute(plain.sql, plain.params))
        assert found == list(self.db.execute(late.sql, late.params))
        assert list(self.db.execute(total.sql, total.params)) == [(len(found),)]
        return [row[0] for row in found]


def _typed(one: FakeField) -> str:
    kinds = {"number": "NUMERIC", "bool": "BOOLEAN", "json": "JSON", "geoPoint": "JSON"}
    return f"{one.name} {'JSON' if one.max_select > 1 else kinds.get(one.type, 'TEXT')}"


def literal(text: str) -> str:
    """`text` as a quoted filter literal that reads back as itself (where it does not end in a backslash)."""
    return '"' + text.replace('"', '\\"') + '"'


__all__ = ["POSTS", "TAGS", "USERS", "FakeAuth", "FakeRequest", "World", "json", "literal"]

"""Pieces of SQL that carry their parameters, and the few ways in which they are put together.

The text of a piece is made of this package's own words and of quoted names from the catalog. What a user wrote is
only ever a parameter; tables are named by counted aliases, so not even an alias of a filter reaches the text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL text and the values of its question marks, in their order of appearance."""

    text: str
    params: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)


class JsonPath(str):
    """A parameter that is part of an expression's structure, not a value that somebody compares with."""

    __slots__ = ()


EMPTY = Sql("")
_SLOT = re.compile(r"\{(\w+)\}")
_NOT_COLUMN = re.compile(r"[^A-Za-z0-9_.*\-@#]+")


def name(text: str) -> str:
    """`text`, a name out of the catalog, as a quoted SQL identifier."""
    return '"' + text.replace('"', '""').replace("\x00", "") + '"'


def column(alias: str, field: str) -> Sql:
    """The column `field` of the table under `alias`."""
    return Sql(f"{alias}.{name(field)}")


def fill(template: str, parts: Mapping[str, Sql]) -> Sql:
    """`template` with each ``{key}`` replaced by that part; a part named twice brings its parameters twice."""
    params: list[Any] = []

    def put(match: re.Match[str]) -> str:
        part = parts[match[1]]
        params.extend(part.params)
        return part.text

    return Sql(_SLOT.sub(put, template), tuple(params))


def join(separator: str, parts: Iterable[Sql]) -> Sql:
    """The parts one after another with `separator` between them; empty ones are left out."""
    kept = [part for part in parts if part.text]
    return Sql(separator.join(part.text for part in kept), tuple(value for part in kept for value in part.params))


def columnify(text: str) -> str:
    """`text` without the characters that PocketBase removes from a path's key."""
    return _NOT_COLUMN.sub("", text)


def json_each(value: Sql) -> Sql:
    """The table of a column's elements: an array's own, or the one plain value."""
    return fill(
        "json_each(CASE WHEN iif(json_valid({v}), json_type({v})='array', FALSE) THEN {v} ELSE json_array({v}) END)",
        {"v": value},
    )


def json_length(value: Sql) -> Sql:
    """The number of a column's elements; 0 for an empty text or NULL."""
    return fill(
        "json_array_length(CASE WHEN iif(json_valid({v}), json_type({v})='array', FALSE) THEN {v}"
        " ELSE (CASE WHEN {v} = '' OR {v} IS NULL THEN json_array() ELSE json_array({v}) END) END)",
        {"v": value},
    )


def json_extract(value: Sql, path: str) -> Sql:
    """What a JSON column has at `path` (``a.b[0]``, "" for the whole); plain text counts as a JSON string."""
    if path and not path.startswith("["):
        path = "." + path
    return fill(
        "(CASE WHEN json_valid({v}) THEN JSON_EXTRACT({v}, {p}) ELSE JSON_EXTRACT(json_object('pb', {v}), {q}) END)",
        {"v": value, "p": Sql("?", (JsonPath("$" + path),)), "q": Sql("?", (JsonPath("$.pb" + path),))},
    )


def plain_params(params: tuple[Any, ...]) -> tuple[Any, ...]:
    """`params` as the database takes them."""
    return tuple(str(value) if type(value) is JsonPath else value for value in params)

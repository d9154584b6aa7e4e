"""What the columns of a view's SELECT are, as far as its text tells: where each comes from, and so its field.

This reads SQL as loosely as PocketBase does, which never runs what it reads here: names, columns and types come from
the database, the text only suggests a field for each name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pbe.errors import PbeError
from pbe.schema.collection import Collection
from pbe.schema.field import Field
from pbe.schema.field_bool import BoolField
from pbe.schema.field_json import JSONField
from pbe.schema.field_number import NumberField
from pbe.schema.field_relation import RelationField
from pbe.schema.field_text import LOWERCASE_ID, TextField
from pbe.schema.tokenizer import Unbalanced, split

_JOINS = re.compile(
    r"\s+(?:full\s+outer\s+join|left\s+outer\s+join|right\s+outer\s+join|full\s+join|cross\s+join|inner\s+join"
    r"|outer\s+join|left\s+join|right\s+join|join)\s+?",
    re.IGNORECASE | re.ASCII,
)
_DISCARDS = re.compile(r"\s+(?:where|group\s+by|having|order|limit|with)\s+?", re.IGNORECASE | re.ASCII)
_COMMENTS = re.compile(r"/\*.*?\*/|--[^\n]+$", re.DOTALL | re.MULTILINE)
_CAST = re.compile(r"cast\s*\(.*\s+as\s+(\w+)\s*\)", re.IGNORECASE | re.DOTALL | re.ASCII)
_JOIN, _DISCARD = "__pb_join__", "__pb_discard__"
_QUOTES = '`"[];'
_CASTS: dict[str, Callable[[str], Field]] = {
    **dict.fromkeys(("real", "decimal", "numeric"), lambda name: NumberField(name=name)),
    **dict.fromkeys(("int", "integer"), lambda name: NumberField(name=name, only_int=True)),
    "text": lambda name: TextField(name=name),
    **dict.fromkeys(("boolean", "bool"), lambda name: BoolField(name=name)),
}


class ViewError(PbeError):
    """The query cannot be a view's; `text` is what a superuser is told, `fields` what its columns would be."""

    def __init__(self, text: str, fields: tuple[Field, ...] = ()) -> None:
        self.text = text
        self.fields = fields
        super().__init__("read a view's query", text)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A column or table, and the name it goes by."""

    original: str
    alias: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The columns and tables of a SELECT."""

    columns: tuple[Identifier, ...]
    tables: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A field for a column. collection and original: where its values come from, where that is known."""

    field: Field
    collection: Collection | None = None
    original: Field | None = None


def single_statement(query: str) -> str:
    """The query without spaces and semicolons around it; `ViewError` where there are several statements."""
    trimmed = query.strip().strip(";")
    try:
        parts = split(trimmed, ";")
    except Unbalanced:
        return trimmed
    if len(parts) > 1:
        raise ViewError("multiple statements are not supported")
    return trimmed


@dataclass(slots=True)
class _Sorter:
    """Deals out the words of a query to the clauses they belong to."""

    part: str = ""
    skip: bool = False
    text: dict[str, str] = field(default_factory=lambda: {"select": "", "from": "", "join": ""})

    def take(self, token: str) -> None:
        word = token.strip().lower()
        if word in ("select", "from"):
            self.part, self.skip = word, False
        elif word == _JOIN:
            if self.part == "join":
                self.text["join"] += ","
            self.part, self.skip = "join", False
        elif word == _DISCARD:
            self.skip = True
        elif word != "distinct":
            self.skip = self.skip or (self.part == "join" and word == "on")
            if not self.skip and self.part:
                self.text[self.part] += " " + token


def parse(query: str) -> Parsed:
    """The columns and tables of the query; `ViewError` where it cannot be read."""
    text = _COMMENTS.sub(" ", query.strip().strip(";"))
    text = _DISCARDS.sub(f" {_DISCARD} ", _JOINS.sub(f" {_JOIN} ", text))
    sorter = _Sorter()
    for token in _split(text, ", \n\t", keep=True):
        sorter.take(token)
    clauses = [_identifiers(sorter.text[part]) for part in ("select", "from", "join")]
    return Parsed(clauses[0], clauses[1] + clauses[2])


def _split(text: str, separators: str, *, keep: bool = False) -> list[str]:
    try:
        return split(text, separators, keep=keep)
    except Unbalanced as error:
        quoted = '"' + error.part.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        raise ViewError(f"unbalanced parenthesis or quoted expression: {quoted}") from error


def _identifiers(clause: str) -> tuple[Identifier, ...]:
    return tuple(_identifier(_split(part, " \n\t")) for part in _split(clause, ","))


def _identifier(parts: list[str]) -> Identifier:
    if len(parts) == 3:
        if parts[1].lower() != "as":
            raise ViewError(f'invalid identifier part - expected "as", got {parts[1]}')
        original, alias = parts[0], parts[2]
    elif len(parts) == 2:
        original, alias = parts
    elif len(parts) == 1:
        original, alias = parts[0], parts[0].rpartition(".")[2]
    else:
        raise ViewError(f"invalid identifier parts [{' '.join(parts)}]")
    return Identifier(_bare(original, _QUOTES), _bare(alias, _QUOTES + "'"))


def _bare(text: str, quotes: str) -> str:
    return ".".join(part.strip(quotes) for part in text.split("."))


def id_field() -> Field:
    """The id of a view."""
    return TextField(name="id", system=True, required=True, primary_key=True, pattern=LOWERCASE_ID)


def plain_field(name: str) -> Field:
    """The field of a column of which nothing is known."""
    return id_field() if name == "id" else JSONField(name=name, max_size=1)


def suggest(
    query: str, by_exact_name: Callable[[str], Collection | None], clone_id: Callable[[], str]
) -> dict[str, Suggestion]:
    """A field for each name that the query selects. clone_id: an id for a field that copies another's options."""
    parsed = parse(query)
    tables = {
        table.alias: found
        for table in parsed.tables
        if "(" not in table.alias and (found := by_exact_name(table.original)) is not None
    }
    main = parsed.tables[0].alias if parsed.tables else ""
    out: dict[str, Suggestion] = {}
    for column in parsed.columns:
        if column.alias == "*":
            raise ViewError(
                "wildcard columns (*) are not supported - manually type the collection field names "
                "you want the view query to have"
            )
        out[column.alias] = _expression(column) or _copied(column, tables, main, clone_id)
    return out


def _expression(column: Identifier) -> Suggestion | None:
    """What an id, a count, a total or a cast is."""
    text = column.original.lower()
    if column.alias == "id":
        return Suggestion(id_field())
    if text.startswith("count("):
        return Suggestion(NumberField(name=column.alias, only_int=True))
    if text.startswith("total("):
        return Suggestion(NumberField(name=column.alias))
    cast = _CAST.fullmatch(text)
    made = _CASTS.get(cast[1]) if cast else None
    return Suggestion(made(column.alias)) if made is not None else None


def _copied(column: Identifier, tables: Mapping[str, Collection], main: str, clone_id: Callable[[], str]) -> Suggestion:
    """A column of a collection has that field's options; its id is a relation to it."""
    parts = column.original.split(".")
    table, name = (parts[0], parts[1]) if len(parts) == 2 else (main, parts[0])
    collection = tables.get(table)
    original = (
        next((entry for entry in collection.fields if entry.name.lower() == name.lower()), None) if collection else None
    )
    if collection is None or original is None:
        return Suggestion(plain_field(column.alias), collection)
    if name.lower() == "id":
        relation = RelationField(name=column.alias, max_select=1, collection_id=collection.id)
        return Suggestion(relation, collection)
    return Suggestion(original.evolve(id=clone_id(), name=column.alias), collection, original)

"""CREATE INDEX statements: read as loosely as PocketBase reads them, written in its one form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pbe.schema.tokenizer import Unbalanced, split

_STATEMENT = re.compile(
    r"create\s+(unique\s+)?\s*index\s*(if\s+not\s+exists\s+)?(\S*)\s+on\s+(\S*)\s*\((.*)\)(?:\s+where\s+(.+))?\s*$",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_COLUMN = re.compile(r"(.+?)(?:\s+collate\s+(\w+))?(?:\s+(asc|desc))?", re.IGNORECASE | re.DOTALL | re.ASCII)
_TRIM = "`\"'[]\r\n\t\f\v "


@dataclass(frozen=True, slots=True)
class IndexColumn:
    """A column's name or an expression."""

    name: str
    collate: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """What a CREATE INDEX says; of text that is none, nothing."""

    schema: str = ""
    name: str = ""
    table: str = ""
    where: str = ""
    columns: tuple[IndexColumn, ...] = ()
    unique: bool = False
    optional: bool = False

    @property
    def valid(self) -> bool:
        """Whether it names an index, a table and a column."""
        return bool(self.name and self.table and self.columns)

    def sql(self) -> str:
        """The statement; "" where it is not valid."""
        if not self.valid:
            return ""
        columns = [_column_sql(column) for column in self.columns if column.name.strip()]
        lead, end = ("\n  ", "\n") if len(self.columns) > 1 else ("", "")
        return (
            f"CREATE {'UNIQUE ' if self.unique else ''}INDEX {'IF NOT EXISTS ' if self.optional else ''}"
            f"{f'`{self.schema}`.' if self.schema else ''}`{self.name}` ON `{self.table}` ("
            f"{lead}{(',' + chr(10) + '  ').join(columns)}{end})"
            f"{f' WHERE {self.where}' if self.where else ''}"
        )

    def on(self, table: str) -> "Index":
        """The same index on another table."""
        return replace(self, table=table)

    def unsorted(self) -> "Index":
        """The same index without collations and directions, which mean nothing to uniqueness."""
        return replace(self, columns=tuple(IndexColumn(column.name) for column in self.columns))


def _column_sql(column: IndexColumn) -> str:
    name = column.name.strip()
    text = name if "(" in column.name or " " in column.name else f"`{name}`"
    collate = f" COLLATE {column.collate}" if column.collate else ""
    return text + collate + (f" {column.sort.upper()}" if column.sort else "")


def parse(text: str) -> Index:
    """What the statement says; an empty, invalid `Index` where it is no CREATE INDEX."""
    match = _STATEMENT.search(text)
    if match is None:
        return Index()
    unique, optional, name, table, columns, where = match.groups()
    names = _split(name, ".")
    schema, own = (names[0], names[1]) if len(names) == 2 else ("", names[0] if names else "")
    return Index(
        schema=schema.strip(_TRIM),
        name=own.strip(_TRIM),
        table=table.strip(_TRIM),
        where=(where or "").strip(),
        columns=tuple(column for part in _split(columns, ",") if (column := _column(part)) is not None),
        unique=bool(unique),
        optional=bool(optional),
    )


def _split(text: str, separators: str) -> list[str]:
    try:
        return split(text, separators)
    except Unbalanced:
        return []


def _column(text: str) -> IndexColumn | None:
    match = _COLUMN.fullmatch(text)
    name = match[1].strip(_TRIM) if match else ""
    if match is None or not name:
        return None
    return IndexColumn(name, (match[2] or "").strip(), (match[3] or "").upper())


def single_unique(indexes: Iterable[str], column: str) -> Index | None:
    """The first unique index on this column alone, names compared without case."""
    for text in indexes:
        index = parse(text)
        if index.unique and len(index.columns) == 1 and index.columns[0].name.lower() == column.lower():
            return index
    return None

"""Rows of a query as JSON, the specification in Python of `_rowjson.pyx`.

A `Plan` says how each column of a query becomes JSON. What a column holds decides whether that can be done here (the
shapes in `column_json`); everything else is asked of the plan's fallback, so that a plan never writes anything else
than the field would. `Rows` runs queries on one connection of apsw and writes their rows.

Not for rows whose text is no UTF-8: the extension replaces what is wrong in them, this twin raises.
"""

from collections.abc import Callable
from typing import Any

from pbe._fast import jsoncheck_twin
from pbe._fast.jsonbuffer_twin import Buffer
from pbe._fast.jsoncheck_twin import is_date, is_json

TEXT, NUMBER, BOOL, JSON, LIST, DATE, POINT, WORD, SKIP = range(9)
"""Kinds: any text; text without "[", which alone is read as a list elsewhere, is a WORD."""
NO_GUARD = -1
COLUMNS_MAX = 2000

Captured = tuple[Any, ...]


class Failure(Exception):
    """SQLite refused: its extended result code and its message."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)


class Plan:
    """How rows become JSON objects: `prefix` (it begins with a brace), for each column `(key, kind, guard)`, `suffix`.

    key: `"name":` in bytes; kind: one of the constants here; guard: the index of a column that must hold an integer
    other than 0 for this one to be written, or NO_GUARD. SKIP columns are only there to be captured or to guard.
    fallback(index, value): the JSON of what its kind does not know.
    """

    def __init__(
        self,
        prefix: bytes,
        columns: tuple[tuple[bytes, int, int], ...],
        suffix: bytes,
        fallback: Callable[[int, Any], bytes],
    ) -> None:
        if len(columns) > COLUMNS_MAX:
            raise ValueError("too many columns")
        for _key, kind, guard in columns:
            if not TEXT <= kind <= SKIP or not NO_GUARD <= guard < len(columns):
                raise ValueError("no such kind or guard")
        self.prefix = prefix
        self.columns = columns
        self.suffix = suffix
        self.fallback = fallback

    def row_json(self, row: tuple[Any, ...]) -> bytes:
        """One row."""
        if len(row) != len(self.columns):
            raise Failure(1, f"the plan has {len(self.columns)} columns, the query {len(row)}")
        out = bytearray(self.prefix)
        for index, (key, kind, guard) in enumerate(self.columns):
            if kind == SKIP or (guard != NO_GUARD and not (isinstance(row[guard], int) and row[guard])):
                continue
            if not out.endswith(b"{"):
                out += b","
            out += key
            written = column_json(kind, row[index])
            out += self.fallback(index, row[index]) if written is None else written
        return bytes(out + self.suffix)


class Rows:
    """Runs queries on an open connection; `close` before the connection is closed. One thread at a time.

    release: whether other threads may run meanwhile; for workers. Parameters are None, int, float, str or bytes.
    Raises `Failure`, and what the fallback raises.
    """

    def __init__(self, connection: Any, statements_max: int) -> None:
        self._connection = connection

    def query(self, sql: str, params: Any, plan: Plan, release: bool = False) -> tuple[bytes, int]:
        """All rows as JSON objects with commas between them, and how many they are."""
        rows = [plan.row_json(row) for row in self._fetch(sql, params)]
        return b",".join(rows), len(rows)

    def apart(
        self, sql: str, params: Any, plan: Plan, captured: tuple[int, ...], release: bool = False
    ) -> list[tuple[bytes, Captured]]:
        """Each row's JSON beside the values of the columns with the indexes `captured`."""
        return [(plan.row_json(row), tuple(row[at] for at in captured)) for row in self._fetch(sql, params)]

    def each(self, sql: str, keys: list[str], plan: Plan, release: bool = False) -> list[bytes | None]:
        """For each key the JSON of the first row that the query finds with it as its only parameter, None without."""
        found: list[bytes | None] = []
        for key in keys:
            rows = self._fetch(sql, (key,))
            found.append(plan.row_json(rows[0]) if rows else None)
        return found

    def close(self) -> None:
        """Give back what the connection must not close over."""
        self._connection = None

    def _fetch(self, sql: str, params: Any) -> list[tuple[Any, ...]]:
        if self._connection is None:
            raise Failure(21, "the rows are closed")
        try:
            rows: list[tuple[Any, ...]] = self._connection.execute(sql, params).fetchall()
        except Exception as error:
            code = getattr(error, "extendedresult", None)
            if code is None and type(error).__name__ != "BindingsError":
                raise
            raise Failure(code or 1, str(error)) from error
        return rows


def load(connection: Any) -> None:
    """Make the extension known to SQLite; this twin needs nothing."""


def column_json(kind: int, value: Any) -> bytes | None:
    """The JSON of `value` where its kind knows the shape, else None."""
    out = Buffer()
    if kind == NUMBER:
        known = out.integer(value) if isinstance(value, int) else isinstance(value, float) and out.double(value)
        return out.take() if known else None
    if kind == BOOL:
        return {0: b"false", 1: b"true"}.get(value) if isinstance(value, int) else None
    if kind == JSON and value is None:
        return b"null"
    if not isinstance(value, str):
        return None
    text = value.encode()
    if kind == WORD and b"[" in text:
        return None
    if kind in (TEXT, WORD):
        return out.take() if out.text(text) else None
    if kind == DATE:
        return b'"%b"' % text if not text or is_date(text) else None
    if kind == LIST and not text:
        return b"[]"
    return text if is_json(text, {LIST: jsoncheck_twin.LIST, POINT: jsoncheck_twin.POINT}.get(kind, 0)) else None

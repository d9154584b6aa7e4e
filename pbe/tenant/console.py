"""SQL that a superuser types: run as it stands, off the reactor's thread, inside the tenant's own data.db.

What would reach beyond it (other files, pragmas that change the connection, the transaction that the statement runs in)
SQLite's authorizer refuses. A statement that only reads runs on a reader; one that writes has a transaction of its own.
"""

import time
from dataclasses import dataclass
from typing import Any

import apsw

from pbe.schema import go_cast
from pbe.storage.sqlite import Transaction
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.tenant import Tenant

ROWS_MAX = 1000
_WRITE_WORDS = ("INSERT", "CREATE", "UPDATE", "DELETE", "DROP", "DETACH", "ALTER", "REPLACE")
_FORBIDDEN = frozenset({apsw.SQLITE_ATTACH, apsw.SQLITE_DETACH})
_READING_PRAGMAS = frozenset({
    "collation_list", "compile_options", "foreign_key_check", "foreign_key_list", "function_list", "index_info",
    "index_list", "index_xinfo", "integrity_check", "module_list", "pragma_list", "quick_check", "table_info",
    "table_list", "table_xinfo",
})  # fmt: skip
_FLOAT_DIGITS = 17


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the last statement gave; `columns` are names and declared types, `rows` texts and None."""

    exec_ms: int
    affected_rows: int
    columns: list[tuple[str, str]]
    rows: list[list[str | None]]


async def run(tenant: Tenant, query: str) -> Outcome:
    """Run one or more statements. Raises `SqlError` with SQLite's message, and `QueryTooSlow`."""
    began = time.monotonic()
    query = query.strip()
    counts = query[:8].upper().startswith(_WRITE_WORDS)
    affected = 0
    columns: list[tuple[str, str]] = []
    rows: list[list[str | None]] = []
    if counts:
        affected = await _write(tenant, query)
    else:
        try:
            columns, rows = await tenant.data.read_job(lambda connection: _guarded(connection, query, reads=True))
        except SqlError as error:
            if "readonly database" not in error.text:
                raise
            await _write(tenant, query)
    return Outcome(int((time.monotonic() - began) * 1000), affected, columns, rows)


async def _write(tenant: Tenant, query: str) -> int:
    def job(connection: apsw.Connection) -> int:
        _guarded(connection, query, reads=False)
        return connection.changes()

    async def work(transaction: Transaction) -> int:
        return int(await transaction.heavy_job(job))

    affected = await tenant.data.write(work, exclusive=True)
    if "_collections" in query:
        await tenant.catalog.reload(tenant.data)
    return affected


def _guarded(connection: apsw.Connection, query: str, *, reads: bool) -> tuple[list[tuple[str, str]], list[Any]]:
    """Run the statements under the authorizer; the last one's columns and rows."""
    connection.authorizer = _reader_may if reads else _writer_may
    try:
        return _last_of(connection, query)
    finally:
        connection.authorizer = None
        if reads and connection.in_transaction:
            connection.execute("ROLLBACK")


def _last_of(connection: apsw.Connection, query: str) -> tuple[list[tuple[str, str]], list[Any]]:
    columns: list[tuple[str, str]] = []
    rows: list[list[str | None]] = []

    def begins(cursor: apsw.Cursor, sql: str, _bindings: object) -> bool:
        if _is_comment(sql):
            return True
        rows.clear()
        columns[:] = [(name, kind or "") for name, kind in cursor.get_description()]
        return True

    cursor = connection.cursor()
    cursor.exec_trace = begins
    try:
        for row in cursor.execute(query):
            rows.append([_text(value) for value in row])
            if len(rows) >= ROWS_MAX:
                break
    finally:
        cursor.close(True)
    return columns, rows


def _is_comment(sql: str) -> bool:
    return all(not line.strip() or line.strip().startswith("--") for line in sql.splitlines())


def _text(value: Any) -> str | None:
    """A value as the stock server's driver scans it into a text."""
    if value is None:
        return None
    if isinstance(value, float):
        return float_text(value)
    return go_cast.to_string(value)


def float_text(value: float) -> str:
    """Go's shortest form with an exponent from a million on: 1e+06, 0.0001, 1e-05."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    digits = mantissa.replace("-", "").replace(".", "").strip("0")
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[repr(value)]
    if not digits:
        return "-0" if repr(value).startswith("-") else "0"
    power = int(f"{value:.{_FLOAT_DIGITS}e}".partition("e")[2])
    if -5 < power < 21 and not exponent and (power < max(len(digits), 6) or power < 6):
        return mantissa.removesuffix(".0")
    if -5 < power < 6:
        return f"{value:f}".rstrip("0").rstrip(".")
    sign = "-" if value < 0 else ""
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _reader_may(operation: int, first: str | None, second: str | None, *_: str | None) -> int:
    return _may(operation, first, second)


def _writer_may(operation: int, first: str | None, second: str | None, *_: str | None) -> int:
    if operation == apsw.SQLITE_TRANSACTION:
        return apsw.SQLITE_DENY
    return _may(operation, first, second)


def _may(operation: int, first: str | None, second: str | None) -> int:
    if operation in _FORBIDDEN:
        return apsw.SQLITE_DENY
    if operation == apsw.SQLITE_PRAGMA and second is not None and (first or "").lower() not in _READING_PRAGMAS:
        return apsw.SQLITE_DENY
    if operation == apsw.SQLITE_PRAGMA and (first or "").lower() in (
        "wal_checkpoint",
        "optimize",
        "incremental_vacuum",
    ):
        return apsw.SQLITE_DENY
    if operation == apsw.SQLITE_FUNCTION and (second or "").lower() == "load_extension":
        return apsw.SQLITE_DENY
    return apsw.SQLITE_OK

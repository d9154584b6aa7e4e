"""SQL that a superuser types: run as it stands, off the reactor's thread, inside the tenant's own data.db.

What would reach beyond it (other files, pragmas that change the connection, the transaction that the statement runs in)
SQLite's authorizer refuses. A statement that only reads runs on a reader; one that writes has a transaction of its own.
"""

import math
import time
from dataclasses import dataclass
from decimal import Decimal
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
_POWER_MIN, _POWER_END = -4, 6


class ParameterMissing(SqlError):
    """The statement has a parameter, and nobody gives it a value."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the last statement gave; `columns` are names and declared types, `rows` texts and None."""

    exec_ms: int
    affected_rows: int
    columns: list[tuple[str, str]]
    rows: list[list[str | None]]


async def run(tenant: Tenant, query: str) -> Outcome:
    """Run one or more statements, which end at a NUL. Raises `SqlError` with SQLite's message, and `QueryTooSlow`."""
    began = time.monotonic()
    query = query.strip().partition("\0")[0]
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
    except apsw.BindingsError as error:
        raise ParameterMissing(_missing(cursor.bindings_names[0])) from error
    finally:
        cursor.close(True)
    return columns, rows


def _missing(name: str | None) -> str:
    """What is wrong with a statement that has parameters, of which the first has this name."""
    return f'missing named argument "{name}"' if name and not name.isdigit() else "missing argument with index 1"


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
    """Go's shortest form, with an exponent from a million on: 1e+06, 1.234567e+06, 0.0001, 1e-05."""
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[repr(value)]
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) - 1 + int(exponent)
    sign = "-" if math.copysign(1, value) < 0 else ""
    if value == 0:
        return f"{sign}0"
    if _POWER_MIN <= power < _POWER_END:
        return f"{Decimal(repr(value)).normalize():f}"
    fraction = "".join(map(str, digits[1:]))
    return f"{sign}{digits[0]}{'.' if fraction else ''}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"


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

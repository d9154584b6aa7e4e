"""What SQLite refuses, in our words. `translated` makes one of these of an apsw error."""

import re

import apsw

from pbe._fast.rowjson_twin import Failure
from pbe.errors import DiskError, Misuse, PbeError, Unavailable

_UNIQUE = re.compile(r"UNIQUE constraint failed: (?P<what>.+)")
_NOT_NULL = re.compile(r"NOT NULL constraint failed: (?P<what>.+)")
_KINDS = {
    apsw.SQLITE_CONSTRAINT_UNIQUE: "unique",
    apsw.SQLITE_CONSTRAINT_PRIMARYKEY: "unique",
    apsw.SQLITE_CONSTRAINT_ROWID: "unique",
    apsw.SQLITE_CONSTRAINT_NOTNULL: "not_null",
    apsw.SQLITE_CONSTRAINT_FOREIGNKEY: "foreign_key",
    apsw.SQLITE_CONSTRAINT_CHECK: "check",
    apsw.SQLITE_CONSTRAINT_TRIGGER: "trigger",
}


class SqlError(PbeError):
    """SQLite refused a statement; `text` is its message, as a superuser may read it."""

    def __init__(self, text: str, sql: str = "") -> None:
        self.text = text
        super().__init__("run SQL", text, hint=sql[:200])


class ConstraintViolation(SqlError):
    """A statement broke a constraint and was undone.

    kind: "unique", "not_null", "foreign_key", "check", "trigger" or "other"; table and columns as SQLite names them;
    index: the name of a unique index over expressions, for which SQLite tells no columns.
    """

    def __init__(self, kind: str, table: str, columns: tuple[str, ...], text: str, index: str = "") -> None:
        self.kind = kind
        self.table = table
        self.columns = columns
        self.index = index
        super().__init__(text)


class QueryTooSlow(SqlError):
    """A statement was interrupted at its deadline, or since its database closes."""


class DatabaseBusy(Unavailable):
    """Another connection held a lock for too long."""


class DatabaseBroken(DiskError):
    """The file cannot be read or written: the disk is full or failing, or the file is no sound database."""


def translated(error: apsw.Error, sql: str = "") -> PbeError:
    """The error of ours that says what `error` says; raise it from `error`."""
    text = str(error).removeprefix("Error: ")
    if isinstance(error, apsw.ConstraintError):
        return constraint(int(error.extendedresult), text)  # type: ignore[attr-defined]
    if isinstance(error, apsw.InterruptError):
        return QueryTooSlow(text, sql)
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return DatabaseBusy(cause=text)
    if isinstance(error, apsw.FullError | apsw.IOError | apsw.CorruptError | apsw.NotADBError | apsw.CantOpenError):
        return DatabaseBroken("run SQL", text, hint="look at the disk: is it full, or failing?")
    if isinstance(error, apsw.BindingsError | apsw.ConnectionClosedError | apsw.ThreadingViolationError):
        return Misuse("run SQL", text, hint=sql[:200])
    return SqlError(text, sql)


def translated_failure(failure: Failure) -> PbeError:
    """The error of ours that says what the row writer's failure says."""
    kind = apsw.exception_for(failure.code)
    return translated(type(kind)(failure.message)) if isinstance(kind, apsw.Error) else SqlError(failure.message)


def constraint(code: int, text: str) -> ConstraintViolation:
    """The violation that SQLite describes by an extended result code and a message."""
    kind = _KINDS.get(code, "other")
    match = _UNIQUE.search(text) or _NOT_NULL.search(text)
    what = match["what"] if match else ""
    if what.startswith("index '"):
        return ConstraintViolation(kind, "", (), text, index=what[len("index '") :].rstrip("'"))
    parts = [part.partition(".") for part in what.split(", ")] if what else []
    return ConstraintViolation(kind, parts[0][0] if parts else "", tuple(column for _, _, column in parts), text)

"""SQLite's errors in the words of PocketBase's driver, which superusers are shown."""

import apsw

from pbe.storage.sqlite_errors import ConstraintViolation, SqlError

_CONSTRAINT_CODES = {
    "unique": apsw.SQLITE_CONSTRAINT_UNIQUE,
    "not_null": apsw.SQLITE_CONSTRAINT_NOTNULL,
    "foreign_key": apsw.SQLITE_CONSTRAINT_FOREIGNKEY,
    "check": apsw.SQLITE_CONSTRAINT_CHECK,
    "trigger": apsw.SQLITE_CONSTRAINT_TRIGGER,
    "other": apsw.SQLITE_CONSTRAINT,
}


def driver_text(error: SqlError) -> str:
    """The error's kind, SQLite's message, and its code."""
    if isinstance(error, ConstraintViolation):
        return f"constraint failed: {error.text} ({_CONSTRAINT_CODES[error.kind]})"
    missing = error.text.startswith("no such collation sequence")
    code = apsw.SQLITE_ERROR_MISSING_COLLSEQ if missing else apsw.SQLITE_ERROR
    return f"SQL logic error: {error.text} ({code})"

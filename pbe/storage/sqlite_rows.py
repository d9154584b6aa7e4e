"""Row writers: the native leaf that turns a query's rows into JSON, on a connection of apsw."""

import apsw

from pbe._fast import rowjson

_loaded: list[str] = []


def make_rows(connection: apsw.Connection, statements: int) -> rowjson.Rows:
    """A row writer; it has to be closed before its connection."""
    if not _loaded:
        # One connection's word is enough for the process: there is one SQLite in it.
        rowjson.load(connection)
        _loaded.append(apsw.sqlite_lib_version())
    return rowjson.Rows(connection, statements)

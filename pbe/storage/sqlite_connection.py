"""How a connection to a tenant's database is opened: PocketBase's pragmas, with caches for many tenants in a process.

Every connection of the process has to be opened here. SQLite's automatic checkpoints and the one at close are off on
each, since frames that left the WAL unseen would be lost to the replica.
"""

import apsw

FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
BUSY_REACTOR_MS = 100
BUSY_WORKER_MS = 10_000
CACHE_KIB = 1024
STATEMENTS = 200
JOURNAL_BYTES_MAX = 200_000_000


def open_connection(
    path: str,
    *,
    busy_ms: int = BUSY_REACTOR_MS,
    cache_kib: int = CACHE_KIB,
    statements: int = STATEMENTS,
    read_only: bool = False,
) -> apsw.Connection:
    """A connection in WAL mode; the file is created where there is none. Raises apsw's errors.

    cache_kib: the most that its page cache takes; statements: how many prepared statements it keeps; read_only refuses
    writes by `query_only`, not by the open flag, since WAL recovery must stay possible.

    The connection has no mutex of its own, which makes reading columns a fifth faster: whoever holds it sees to it
    that one thread at a time uses it (`interrupt` excepted).
    """
    connection = apsw.Connection(path, flags=FLAGS, statementcachesize=statements)
    try:
        connection.set_busy_timeout(busy_ms)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        if connection.pragma("journal_mode") != "wal":
            connection.pragma("journal_mode", "wal")
        connection.wal_autocheckpoint(0)
        connection.pragma("journal_size_limit", JOURNAL_BYTES_MAX)
        connection.pragma("synchronous", 1)
        connection.pragma("foreign_keys", 1)
        connection.pragma("temp_store", 2)
        connection.pragma("cache_size", -cache_kib)
        # The first read took memory for twenty pages; from here on it is as many as the cache may have.
        connection.release_memory()
        if read_only:
            connection.pragma("query_only", 1)
    except apsw.Error:
        connection.close()
        raise
    return connection

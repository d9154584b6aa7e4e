import subprocess
import sys

PROGRAM = """
import apsw
from pbe.storage.sqlite_memory import be_lean
from pbe.storage.sqlite_connection import open_connection
be_lean()
connection = open_connection(":memory:") if {early} else None
be_lean()
connection = apsw.Connection(":memory:")
connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
print(connection.status(apsw.SQLITE_DBSTATUS_LOOKASIDE_HIT)[1], connection.execute("SELECT a FROM t").fetchall())
"""


def test_lookaside_is_off_and_sqlite_works() -> None:
    """In a process of its own, since it is the process's setting; a second call changes nothing."""
    for early in (False, True):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(early=early)], capture_output=True, text=True, check=True
        )
        assert done.stdout == "0 [(1,)]\n"

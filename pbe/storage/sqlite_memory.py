"""Memory settings of the process for hundreds of open databases; of SQLite's, and of the allocator under it."""

import contextlib
import ctypes

import apsw

MALLOC_ARENAS = 2
_M_ARENA_MAX = -8
_done: list[bool] = []


def be_lean() -> None:
    """Do without lookaside, which is a hundred kilobytes for each tenant and no faster here, and without counting.

    Once, before the first connection of the process: where one is open already nothing is changed. Threads share two
    of the allocator's arenas instead of having one each, where it is glibc's.
    """
    if _done or apsw.memory_used():
        return
    _done.append(True)
    apsw.shutdown()
    apsw.config(apsw.SQLITE_CONFIG_LOOKASIDE, 0, 0)
    apsw.config(apsw.SQLITE_CONFIG_MEMSTATUS, 0)
    apsw.initialize()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, MALLOC_ARENAS)

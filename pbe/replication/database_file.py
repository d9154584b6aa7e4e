"""Reads pages of a database file beside SQLite without dropping its locks.

A plain open and close of the file would release every POSIX lock that this process holds on it; apsw's file goes
through SQLite's own bookkeeping, which knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType

import apsw

from pbe.errors import DiskError

READ_BYTES = 1 << 20


class DatabaseFile:
    """The main file of a database, without what its log holds. A context manager; one thread at a time."""

    def __init__(self, path: str, page_size: int) -> None:
        self._path = path
        self._page_size = page_size
        flags = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0]
        try:
            self._file = apsw.VFSFile("", path, flags)
        except apsw.Error as error:
            raise DiskError("read a database file", path, hint=str(error)) from error

    def __enter__(self) -> DatabaseFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.xClose()

    @property
    def pages(self) -> int:
        """Whole pages in the file."""
        return int(self._file.xFileSize()) // self._page_size

    def read(self, first: int, count: int) -> bytes:
        """Pages first..first+count-1; what lies behind the end of the file reads as zeros."""
        size = count * self._page_size
        have = max(0, min(size, int(self._file.xFileSize()) - (first - 1) * self._page_size))
        try:
            data = self._file.xRead(have, (first - 1) * self._page_size) if have else b""
        except apsw.Error as error:
            raise DiskError("read a database file", self._path, hint=str(error)) from error
        return bytes(data) + bytes(size - len(data))

    def chunks(self, last: int) -> Iterator[tuple[int, bytes]]:
        """(first page, pages) for all pages up to `last`."""
        step = max(1, READ_BYTES // self._page_size)
        for first in range(1, last + 1, step):
            yield first, self.read(first, min(step, last + 1 - first))


def file_pages(path: str, page_size: int) -> int:
    """Whole pages in a database file; 0 where there is none."""
    with contextlib.suppress(DiskError), DatabaseFile(path, page_size) as file:
        return file.pages
    return 0

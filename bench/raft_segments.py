"""The other store of the log that was measured: one preallocated file, appended to and fdatasync'ed.

It exists for the comparison in `raft_commit` alone: it cannot be read back. State and everything else stay in LMDB.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pbe.raft import Entry, HardState
from pbe.storage.lmdb_control import LmdbControl

SEGMENT_BYTES = 64 * 1024 * 1024


class SegmentControl(LmdbControl):
    """LMDB but for the log and the vote."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = -1
        self._at = SEGMENT_BYTES
        self._number = 0

    def save(self, hard: HardState, entries: Sequence[Entry]) -> None:
        """Append what LMDB would store, in the same words, and sync the data."""
        data = b"".join([msgspec.msgpack.encode(hard), *(entry.frame for entry in entries)])
        if self._at + len(data) > SEGMENT_BYTES:
            self._next()
        os.pwrite(self._file, data, self._at)
        self._at += len(data)
        os.fdatasync(self._file)

    def _next(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._number += 1
        self._file = os.open(self.path / f"segment-{self._number}", os.O_CREAT | os.O_RDWR)
        os.posix_fallocate(self._file, 0, SEGMENT_BYTES)
        os.fsync(self._file)
        self._at = 0

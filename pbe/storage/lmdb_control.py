"""A control plane member's disk in LMDB: log, vote, and the state written behind.

    log     index u64 big-endian                 → the entry's frame, with its checksum
    meta    "member" "hard" "offset" "recover" "checkpoint"  → crc32 u32 · msgpack
    state   table · 0x00 · key                   → the record's msgpack; the checkpoint's meta has a hash over all

Every call is one transaction, synced by LMDB before it returns; LMDB's copy-on-write pages are never torn.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

import lmdb
import msgspec

from pbe.errors import DiskError
from pbe.raft import BrokenFrame, Entry, HardState, read_frame
from pbe.storage.control import Checkpoint, ControlDamaged, Loaded

MAP_BYTES_MAX = 16 * 1024**3
T = TypeVar("T")
_encode = msgspec.msgpack.Encoder().encode


class LmdbControl:
    """The files of one member in the folder `path`; see `storage.control.ControlStore`."""

    def __init__(self, path: Path, *, map_bytes: int = MAP_BYTES_MAX) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._env = lmdb.open(str(path), map_size=map_bytes, max_dbs=4, max_readers=16)
            self._log = self._env.open_db(b"log")
            self._meta = self._env.open_db(b"meta")
            self._state = self._env.open_db(b"state")
        except (OSError, lmdb.Error) as error:
            hint = f"{error}; the folder must be on a local disk and belong to this user"
            raise DiskError("open", str(path), hint=hint) from error

    def load(self) -> Loaded:
        """Read everything, once, at the start."""
        with self._env.begin() as txn:
            member = self._get(txn, "member", str) or ""
            hard = self._get(txn, "hard", HardState) or HardState()
            offset = self._get(txn, "offset", tuple[int, int]) or (0, 0)
            recover_to = self._get(txn, "recover", int) or 0
            checkpoint = self._get(txn, "checkpoint", Checkpoint) or Checkpoint()
            entries, damaged, last = self._entries(txn, offset[0])
            records = [_split(key, value) for key, value in txn.cursor(self._state)]
        if damaged and (not entries or entries[-1].index < checkpoint.index):
            # What is broken is in the stored state already: only the log has to begin later.
            offset, entries = (checkpoint.index, checkpoint.term), []
        if damaged:
            recover_to = max(recover_to, last)
            self._cut(offset, entries, recover_to)
        return Loaded(member, hard, offset, entries, checkpoint, records, recover_to, damaged)

    def claim(self, member: str) -> None:
        """Write whose disk this is; raises ControlDamaged when it is another member's."""
        with self._env.begin() as txn:
            known = self._get(txn, "member", str)
        if known and known != member:
            hint = f"the folder belongs to member {known!r}, not {member!r}: check --node-id and --dir"
            raise ControlDamaged("open", str(self.path), hint=hint)
        if not known:
            self._write("claim", lambda txn: self._put(txn, "member", member))

    def save(self, hard: HardState, entries: Sequence[Entry]) -> None:
        """Put the entries into the log(in place of what follows), and the hard state; sync."""

        def work(txn: Any) -> None:
            if entries:
                self._truncate(txn, entries[0].index)
                cursor = txn.cursor(self._log)
                cursor.putmulti([(_key(entry.index), entry.frame) for entry in entries], append=True)
            self._put(txn, "hard", hard)

        self._write("save", work)

    def checkpoint(
        self, checkpoint: Checkpoint, changes: Iterable[tuple[str, str, bytes | None]], offset: tuple[int, int]
    ) -> None:
        """Write changed records (None = removed) and forget the log up to `offset`, in one synced step."""

        def work(txn: Any) -> None:
            for table, key, data in changes:
                if data is None:
                    txn.delete(_join(table, key), db=self._state)
                else:
                    txn.put(_join(table, key), data, db=self._state)
            self._put(txn, "checkpoint", checkpoint)
            if offset[0] > (self._get(txn, "offset", tuple[int, int]) or (0, 0))[0]:
                self._forget(txn, offset[0])
                self._put(txn, "offset", offset)

        self._write("checkpoint", work)

    def install(
        self, hard: HardState, checkpoint: Checkpoint, records: Iterable[tuple[str, str, bytes]], recover_to: int = 0
    ) -> None:
        """Replace everything by a snapshot, in one synced step."""

        def work(txn: Any) -> None:
            txn.drop(self._state, delete=False)
            txn.drop(self._log, delete=False)
            for table, key, data in records:
                txn.put(_join(table, key), data, db=self._state)
            self._put(txn, "checkpoint", checkpoint)
            self._put(txn, "offset", (checkpoint.index, checkpoint.term))
            self._put(txn, "recover", recover_to if recover_to > checkpoint.index else 0)
            self._put(txn, "hard", hard)

        self._write("install", work)

    def recovered(self) -> None:
        """The log reaches `recover_to` again."""
        self._write("recover", lambda txn: self._put(txn, "recover", 0))

    def close(self) -> None:
        """Let go of the files."""
        self._env.close()

    def _write(self, operation: str, work: Any) -> None:
        try:
            with self._env.begin(write=True) as txn:
                work(txn)
        except lmdb.MapFullError as error:
            raise DiskError(operation, str(self.path), hint="the database has reached its largest size") from error
        except (OSError, lmdb.Error) as error:
            raise DiskError(operation, str(self.path), hint=f"{error}: is the disk full or failing?") from error

    def _get(self, txn: Any, name: str, kind: type[T]) -> T | None:
        data = txn.get(name.encode(), db=self._meta)
        if data is None:
            return None
        if len(data) < 4 or crc32(data[4:]) != int.from_bytes(data[:4], "big"):
            hint = "its checksum does not match: remove the folder and join again"
            raise ControlDamaged("load", f"{self.path} meta/{name}", hint=hint)
        return msgspec.msgpack.decode(data[4:], type=kind)

    def _put(self, txn: Any, name: str, value: Any) -> None:
        data = _encode(value)
        txn.put(name.encode(), crc32(data).to_bytes(4, "big") + data, db=self._meta)

    def _entries(self, txn: Any, offset: int) -> tuple[list[Entry], str, int]:
        """The entries up to the first broken one, that one's key ("" = none), and the last index that was there."""
        entries: list[Entry] = []
        damaged, last = "", offset
        for key, frame in txn.cursor(self._log):
            index = int.from_bytes(key, "big")
            if index <= offset:
                continue
            last = max(last, index)
            if damaged:
                continue
            entry = _whole(frame)
            if entry is None or entry.index != index or index != offset + len(entries) + 1:
                damaged = f"{self.path} log/{offset + len(entries) + 1}"
            else:
                entries.append(entry)
        return entries, damaged, last

    def _cut(self, offset: tuple[int, int], entries: Sequence[Entry], recover_to: int) -> None:
        def work(txn: Any) -> None:
            self._truncate(txn, entries[-1].index + 1 if entries else 0)
            self._put(txn, "offset", offset)
            self._put(txn, "recover", recover_to)

        self._write("cut", work)

    def _truncate(self, txn: Any, first: int) -> None:
        cursor = txn.cursor(self._log)
        if cursor.set_range(_key(first)):
            while cursor.delete():
                pass

    def _forget(self, txn: Any, index: int) -> None:
        cursor = txn.cursor(self._log)
        while cursor.first() and int.from_bytes(cursor.key(), "big") <= index:
            cursor.delete()


def _whole(frame: bytes) -> Entry | None:
    try:
        entry, end = read_frame(frame)
    except BrokenFrame:
        return None
    return entry if end == len(frame) else None


def _key(index: int) -> bytes:
    return index.to_bytes(8, "big")


def _join(table: str, key: str) -> bytes:
    return f"{table}\0{key}".encode()


def _split(key: bytes, value: bytes) -> tuple[str, str, bytes]:
    table, _, name = key.decode().partition("\0")
    return table, name, value

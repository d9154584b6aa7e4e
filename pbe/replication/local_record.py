"""What a node remembers beside a database about its replica, so that files which survive a crash are not thrown away.

The record says under which epoch the file was served, and how far it was shipped if it was closed in order. Between
the two, the log itself is the memory: the newest level-0 file names the salts and the offset up to which it has the
log. The record adds the seals: the ends of log generations that SQLite has overwritten since.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pbe.errors import DiskError
from pbe.pages.ltx import Header
from pbe.pages.wal import HEADER_BYTES, WalPosition, read_tail
from pbe.replication.log_reader import log_path, read_log

SUFFIX = "-replica"
#: Instead of a seal: what is not shipped yet is in the database file, whatever the log says.
APART = (0, 0, 0)
#: Sets of files kept aside for an operator, for each database; older ones go.
ASIDE_MAX = 3
ASIDE_FOLDER = "overtaken"


@dataclass(frozen=True, slots=True)
class LocalRecord:
    """epochs: those under which the file was written to, two while a new one is being fenced in.

    seals: (salt1, salt2, end) of each generation that ended, oldest first; shipped: (txid, checksum) of the newest
    file when the database was closed with everything shipped, else None.
    """

    epochs: tuple[int, ...]
    seals: tuple[tuple[int, int, int], ...] = ()
    shipped: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What local files are worth against the log in the store.

    kind: "current" (everything is shipped), "ahead" (go on from `position`, or from the log's front where that is
    None), "apart" (ahead, but what was not shipped has left the log: compare with the whole database), "overtaken"
    (another writer went on, or the disk lost what was shipped).
    """

    kind: str
    position: WalPosition | None = None


def record_path(path: str) -> Path:
    """The record of the database at `path`."""
    return Path(path + SUFFIX)


def write_record(path: str, record: LocalRecord, *, sync: bool) -> None:
    """Replaces the record; DiskError where that fails."""
    place = record_path(path)
    spare = place.with_name(place.name + ".tmp")
    try:
        with spare.open("w") as file:
            json.dump(asdict(record), file)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        spare.replace(place)
    except OSError as error:
        raise DiskError("write a replica's record", str(place), hint=str(error)) from error


def read_record(path: str) -> LocalRecord | None:
    """The record, or None where there is none that can be read."""
    try:
        raw = json.loads(record_path(path).read_text())
        seals = tuple((int(a), int(b), int(c)) for a, b, c in raw["seals"])
        shipped = raw["shipped"]
        return LocalRecord(
            tuple(map(int, raw["epochs"])), seals, (int(shipped[0]), int(shipped[1])) if shipped else None
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def judge(path: str, record: LocalRecord | None, newest: Header, checksum: int) -> Verdict:
    """What the files at `path` are worth, given the newest level-0 file of the log. Reads the local log."""
    if record is None or not Path(path).exists():
        return Verdict("overtaken")
    if record.shipped == (newest.max_txid, checksum):
        return Verdict("current", _log_end(path))
    if record.shipped is not None or newest.node_id not in record.epochs:
        return Verdict("overtaken")
    if APART in record.seals:
        return Verdict("apart")
    found = read_log(path, None)
    if newest.wal_size == 0:
        # A fence or a whole database: the log was empty or shipped when it was written.
        return Verdict("ahead" if not record.seals else "apart")
    end = newest.wal_offset + newest.wal_size
    if found is not None and (found[0].salt1, found[0].salt2) == (newest.salt1, newest.salt2):
        tail = read_tail(found[0], found[1][: end - HEADER_BYTES])
        return Verdict("ahead", tail.position) if tail.position.offset == end else Verdict("overtaken")
    return Verdict(_beyond(record.seals, newest, end))


def _beyond(seals: Sequence[tuple[int, int, int]], newest: Header, end: int) -> str:
    """The verdict where the log has been restarted since the newest file was written."""
    places = [index for index, seal in enumerate(seals) if seal[:2] == (newest.salt1, newest.salt2)]
    if not places or seals[places[-1]][2] < end:
        return "overtaken"
    return "ahead" if places[-1] == len(seals) - 1 and seals[places[-1]][2] == end else "apart"


def _log_end(path: str) -> WalPosition | None:
    """The position behind everything that the log has committed."""
    found = read_log(path, None)
    return read_tail(*found).position if found is not None else None


def set_aside(path: str, stamp: str) -> Path | None:
    """Moves the database, its log and its record out of the way, where an operator finds them; the folder."""
    base = Path(path)
    if not base.exists():
        return None
    folder = base.parent / ASIDE_FOLDER / f"{base.name}.{stamp}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (path, log_path(path), str(record_path(path))):
            with contextlib.suppress(FileNotFoundError):
                Path(name).replace(folder / Path(name).name)
        Path(f"{path}-shm").unlink(missing_ok=True)
        older = sorted(folder.parent.glob(f"{base.name}.*"))[:-ASIDE_MAX]
        for surplus in older:
            shutil.rmtree(surplus)
    except OSError as error:
        raise DiskError("set files aside", path, hint=str(error)) from error
    return folder


def remove_files(path: str) -> None:
    """Deletes the database with everything beside it."""
    for name in (log_path(path), f"{path}-shm", str(record_path(path)), path):
        Path(name).unlink(missing_ok=True)

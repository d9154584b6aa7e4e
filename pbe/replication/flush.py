"""From a log's unread frames, or from a whole database, to one LTX file. Runs on a worker; touches no shared state but
the `PageSet` it is given, which nobody else may touch meanwhile.
"""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pbe._fast import ltxfile
from pbe.errors import DiskError
from pbe.pages.ltx import Header, lock_page, snapshot_pages, trailer_checksum
from pbe.pages.page_set import PageSet
from pbe.pages.wal import HEADER_BYTES, WalPosition
from pbe.replication.database_file import DatabaseFile
from pbe.replication.log_reader import Piece, Seal, unread

#: A whole database is written to a file beside it on its way to the store.
SPARE_SUFFIX = ".ltx-tmp"
_serial = itertools.count()


@dataclass(frozen=True, slots=True)
class Order:
    """What the next file is to be called and by whom it is written."""

    txid: int
    timestamp_ms: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """What a flush found: `data` (or `path`, for a whole database) is None where no page has changed.

    position: where the log was read to; sum: the database's checksum afterwards, "" where some page is unknown.
    """

    header: Header | None
    position: WalPosition | None
    sum: str
    data: bytes | None = None
    path: Path | None = None
    checksum: int = 0

    @property
    def size(self) -> int:
        """Bytes to ship."""
        return len(self.data) if self.data is not None else self.path.stat().st_size if self.path is not None else 0


def spare_path(path: str) -> str:
    """A name beside the database that nobody else uses."""
    return f"{path}.{os.getpid()}-{next(_serial)}{SPARE_SUFFIX}"


def remove_spares(path: str) -> None:
    """Deletes what a process that died has left beside the database."""
    base = Path(path)
    for spare in base.parent.glob(f"{base.name}.*{SPARE_SUFFIX}*"):
        if not spare.name.startswith(f"{base.name}.{os.getpid()}-"):
            spare.unlink(missing_ok=True)


def flush_log(
    path: str, position: WalPosition | None, seals: Sequence[Seal], frames: int, pages: PageSet, order: Order
) -> Flushed:
    """One file of what the log has committed behind `position`, up to `frames` (0: all).

    LostFrames where that cannot be told.
    """
    pieces, after = unread(path, position, seals, frames)
    if not pieces:
        return Flushed(None, after, "")
    last = pieces[-1]
    commit = last.tail.commit
    data, found = _joined(pieces)
    data, found = _grown(path, pages, commit, data, found)
    pgnos = array("I", sorted(pgno for pgno in found if pgno <= commit))
    offsets = array("Q", [found[pgno] for pgno in pgnos])
    fresh = pages.fingerprints(data, pgnos, offsets)
    changed, places = pages.changed(pgnos, offsets, fresh)
    resized = commit != len(pages)
    pages.apply(commit, pgnos, fresh)
    total = pages.text() if pages.complete else ""
    if not changed and not resized:
        return Flushed(None, after, total)
    header = Header(
        page_size=pages.page_size,
        commit=commit,
        min_txid=order.txid,
        max_txid=order.txid,
        timestamp_ms=order.timestamp_ms,
        wal_offset=last.start.offset,
        wal_size=last.tail.position.offset - last.start.offset,
        salt1=last.start.salt1,
        salt2=last.start.salt2,
        node_id=order.epoch,
    )
    front = header.pack()
    encoder = ltxfile.Encoder(front, header.page_size)
    file = b"".join((front, encoder.pages(data, changed, places), encoder.finish()))
    return Flushed(header, after, total, data=file, checksum=trailer_checksum(file))


def _joined(pieces: Sequence[Piece]) -> tuple[bytes, dict[int, int]]:
    """The bytes of all pieces and where in them the last image of each page is."""
    if len(pieces) == 1:
        return pieces[0].data, pieces[0].tail.pages
    found: dict[int, int] = {}
    base = 0
    for piece in pieces:
        found.update((pgno, base + at) for pgno, at in piece.tail.pages.items())
        base += len(piece.data)
    return b"".join(piece.data for piece in pieces), found


def _grown(path: str, pages: PageSet, commit: int, data: bytes, found: dict[int, int]) -> tuple[bytes, dict[int, int]]:
    """Adds pages that the database grew by without writing them: a restore needs every one."""
    lock = lock_page(pages.page_size)
    absent = [pgno for pgno in range(len(pages) + 1, commit + 1) if pgno not in found and pgno != lock]
    if not absent:
        return data, found
    found = dict(found)
    parts = [data]
    size = len(data)
    with DatabaseFile(path, pages.page_size) as file:
        for pgno in absent:
            parts.append(file.read(pgno, 1))
            found[pgno] = size
            size += pages.page_size
    return b"".join(parts), found


def flush_database(path: str, pages: PageSet, order: Order) -> Flushed:
    """One file of the whole database as its main file has it; pages that equal what was shipped are left out.

    Nothing may checkpoint meanwhile, and the log has to be empty when it begins. Transaction 1 has every page.
    """
    page_size = pages.page_size
    spare = Path(spare_path(path))
    with DatabaseFile(path, page_size) as file:
        commit = file.pages
        header = Header(page_size, commit, order.txid, order.txid, order.timestamp_ms, node_id=order.epoch)
        header = replace(header, wal_offset=HEADER_BYTES, salt1=order.epoch & 0xFFFFFFFF or 1, salt2=1)
        front = header.pack()
        encoder = ltxfile.Encoder(front, page_size)
        pages.resize(commit)
        try:
            with spare.open("wb") as out:
                out.write(front)
                for first, data in file.chunks(commit):
                    pgnos = snapshot_pages(page_size, first, first + len(data) // page_size - 1)
                    offsets = array("Q", [(pgno - first) * page_size for pgno in pgnos])
                    fresh = pages.fingerprints(data, pgnos, offsets)
                    changed, places = (pgnos, offsets)
                    if not header.is_snapshot:
                        changed, places = pages.changed(pgnos, offsets, fresh)
                    out.write(encoder.pages(data, changed, places))
                    pages.apply(commit, pgnos, fresh)
                tail = encoder.finish()
                out.write(tail)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise DiskError("write a snapshot", str(spare), hint=str(error)) from error
    return Flushed(header, None, pages.text(), path=spare, checksum=trailer_checksum(tail))


def fill_unknown(path: str, pages: PageSet) -> None:
    """Takes the fingerprints of pages not known yet from the log and the file; nothing may be written meanwhile."""
    pieces, _ = unread(path, None, ())
    data, found = _joined(pieces) if pieces else (b"", {})
    logged = array("I", sorted(pgno for pgno in found if pgno <= len(pages)))
    pages.apply(len(pages), logged, pages.fingerprints(data, logged, array("Q", [found[pgno] for pgno in logged])))
    absent = set(pages.missing())
    with DatabaseFile(path, pages.page_size) as file:
        for first, chunk in file.chunks(len(pages)):
            last = first + len(chunk) // pages.page_size - 1
            pgnos = array("I", [pgno for pgno in range(first, last + 1) if pgno in absent])
            offsets = array("Q", [(pgno - first) * pages.page_size for pgno in pgnos])
            pages.apply(len(pages), pgnos, pages.fingerprints(chunk, pgnos, offsets))

"""Merging LTX files into longer ones, and which to merge when.

Level 0 has one file a flush; levels 1 to 3 have one for each half minute, five minutes and hour in which something
changed; level 9 has snapshots. A level takes from the one below it. The base (a file that starts at transaction 1) is
never pushed through levels 1 to 3: it is a snapshot wherever it lies.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from pbe.pages.ltx import BrokenLtx, Ltx, encode, lock_page, merged_header
from pbe.pages.restore_plan import SNAPSHOT_LEVEL, LtxInfo

#: Seconds of the wall clock that one file of a level covers.
LEVEL_SECONDS = {1: 30, 2: 300, 3: 3600}
#: Files that one merge takes at most; the rest waits for the next turn.
MERGE_FILES_MAX = 512


def merge(files: Sequence[Ltx]) -> bytes:
    """One file that leaves what `files`, oldest first, leave when laid over each other.

    BrokenLtx where ranges do not continue each other or page sizes differ.
    """
    if not files:
        raise ValueError("nothing to merge")
    for before, after in pairwise(files):
        low, high, reach = after.header.min_txid, after.header.max_txid, before.header.max_txid
        if before.header.page_size != after.header.page_size:
            raise BrokenLtx("merge LTX files", f"page sizes {before.header.page_size}, {after.header.page_size}")
        if not (low <= reach + 1 and high > reach):
            raise BrokenLtx("merge LTX files", f"{low:x}-{high:x} does not continue {reach:x}")
    header = merged_header(files[0].header, files[-1].header)
    newest: dict[int, tuple[int, int]] = {}
    for index, file in enumerate(files):
        for place, pgno in enumerate(file.pgnos):
            newest[pgno] = (index, place)
    lock, size = lock_page(header.page_size), header.page_size
    kept = sorted(pgno for pgno in newest if pgno <= header.commit and pgno != lock)
    views = [memoryview(file.pages) for file in files]
    data = bytearray()
    for pgno in kept:
        index, place = newest[pgno]
        data += views[index][place * size : (place + 1) * size]
    return encode(header, data, array("I", kept), array("Q", range(0, len(data), size)))


def due(level: int, last_s: float, now_s: float) -> bool:
    """Whether the wall clock has begun another period of `level` since it was last compacted."""
    period = LEVEL_SECONDS[level]
    return now_s // period > last_s // period


def inputs(files: Iterable[LtxInfo], level: int, bytes_max: int, now_ms: int) -> list[LtxInfo]:
    """What to merge into `level` now: the first run of two or more files of lower levels that goes beyond it.

    A run stays within one period of the level that is over, so that moments between periods stay restorable. A file
    that is alone in its period is left where it is: a copy would cost as much. So is one larger than `bytes_max`.
    """
    period_ms = LEVEL_SECONDS[level] * 1000
    listed = list(files)
    reach = max((info.max_txid for info in listed if info.level == level), default=1)
    below = [info for info in listed if info.level < level and info.min_txid > 1 and info.max_txid > reach]
    below = [info for info in below if info.created_ms // period_ms < now_ms // period_ms]
    run: list[LtxInfo] = []
    size = 0
    for info in _longest(below, reach):
        fits = info.size <= bytes_max
        joins = (
            run
            and info.min_txid <= run[-1].max_txid + 1
            and info.created_ms // period_ms == run[-1].created_ms // period_ms
            and size + info.size <= bytes_max
        )
        if run and (not joins or len(run) == MERGE_FILES_MAX):
            if len(run) > 1:
                return run
            run, size = [], 0
        if fits:
            run.append(info)
            size += info.size
    return run if len(run) > 1 else []


def _longest(files: Iterable[LtxInfo], reach: int) -> Iterator[LtxInfo]:
    """Of overlapping files those that go farthest, from `reach` on; a gap is stepped over."""
    best: LtxInfo | None = None
    for info in sorted(files, key=lambda info: (info.min_txid, info.max_txid)):
        if best is not None and info.min_txid > reach + 1:
            yield best
            reach, best = best.max_txid, None
        if info.max_txid <= reach:
            continue
        if info.min_txid > reach + 1:
            reach = info.min_txid - 1
        if best is None or (info.max_txid, info.level) > (best.max_txid, best.level):
            best = info
    if best is not None:
        yield best


def snapshots(files: Iterable[LtxInfo]) -> list[LtxInfo]:
    """The files that hold a whole database, oldest first, whatever their level."""
    return sorted((info for info in files if info.min_txid == 1), key=lambda info: info.max_txid)


def bytes_since_snapshot(files: Sequence[LtxInfo]) -> int:
    """What a restore reads beside the newest snapshot, taken over the lowest levels."""
    whole = snapshots(files)
    reach = whole[-1].max_txid if whole else 0
    return sum(info.size for info in files if info.level < SNAPSHOT_LEVEL and info.min_txid > reach and info.level <= 1)

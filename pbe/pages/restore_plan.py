"""Which files make a database of a moment.

The rule is stock Litestream's, so that both tools give the same bytes: the newest snapshot of level 9 not beyond the
target, then, again and again, from levels 8 to 0 the file that continues the range and reaches farthest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pbe.errors import WorldError

SNAPSHOT_LEVEL = 9


class NoSuchMoment(WorldError):
    """The files there are do not make a database of the moment asked for."""

    recoverable = False


@dataclass(frozen=True, slots=True, order=True)
class LtxInfo:
    """One file of a replica.

    created_ms: its newest transaction's time, exact only where somebody looked; stored_ms: when it came to the store.
    """

    level: int
    min_txid: int
    max_txid: int
    size: int = 0
    created_ms: int = 0
    key: str = ""
    stored_ms: int = 0


def plan_restore(
    files: Iterable[LtxInfo], *, txid: int | None = None, before_ms: int | None = None, gap_is_error: bool = True
) -> list[LtxInfo]:
    """The files to lay over each other, oldest first.

    txid: inclusive, and the end of some file; before_ms: files created strictly before. NoSuchMoment where there is no
    base, the txid is not reached, or, for the newest state, where files exist behind a gap.
    """
    if txid is not None and before_ms is not None:
        raise ValueError("a moment is a txid or a time")
    levels: dict[int, list[LtxInfo]] = {}
    for info in sorted(files, key=lambda info: (info.min_txid, info.max_txid)):
        levels.setdefault(info.level, []).append(info)

    def fits(info: LtxInfo) -> bool:
        """Whether `info` is not beyond the target."""
        return (txid is None or info.max_txid <= txid) and (before_ms is None or info.created_ms < before_ms)

    chain = [info for info in levels.get(SNAPSHOT_LEVEL, ()) if fits(info)][-1:]
    reach = chain[-1].max_txid if chain else 0
    rest = [_Cursor([info for info in found if fits(info)]) for level, found in levels.items() if level < 9]
    while txid is None or reach < txid:
        best = max((found for cursor in rest if (found := cursor.best(reach)) is not None), key=_reach, default=None)
        if best is None:
            break
        chain.append(best)
        reach = best.max_txid
    if not chain or (txid is not None and reach < txid):
        raise NoSuchMoment("plan a restore", f"txid {txid}" if txid is not None else "", hint="no matching files")
    if txid is None and before_ms is None and gap_is_error:
        _refuse_gap(levels, reach)
    return chain


def _reach(info: LtxInfo) -> tuple[int, int, int, int]:
    """Orders candidates: farthest first, then the longer range, then the higher level, then the older file."""
    return info.max_txid, -info.min_txid, info.level, -info.created_ms


class _Cursor:
    """The files of one level, in order of their ranges, each looked at once."""

    def __init__(self, files: Sequence[LtxInfo]) -> None:
        self._files = files
        self._next = 0
        self._best: LtxInfo | None = None

    def best(self, reach: int) -> LtxInfo | None:
        """The file that continues `reach` and goes farthest; `reach` never falls from call to call."""
        if self._best is not None and self._best.max_txid <= reach:
            self._best = None
        while self._next < len(self._files) and self._files[self._next].min_txid <= reach + 1:
            info = self._files[self._next]
            self._next += 1
            if info.max_txid > reach and (self._best is None or _reach(info) > _reach(self._best)):
                self._best = info
        return self._best


def _refuse_gap(levels: dict[int, list[LtxInfo]], reach: int) -> None:
    """NoSuchMoment where a file lies beyond what the chain reaches."""
    beyond = [info for level, found in levels.items() if level < 9 for info in found if info.min_txid > reach + 1]
    if beyond:
        first = min(info.min_txid for info in beyond)
        raise NoSuchMoment("plan a restore", f"have up to {reach:016x}", hint=f"the next file starts at {first:016x}")

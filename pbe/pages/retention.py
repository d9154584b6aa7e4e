"""Which files of a replica nobody needs any more.

Promises: the newest file of level 0 and the newest snapshot stay; a moment of the window stays restorable, to the half
minute for its first day and to five minutes after; nothing goes that is not covered by a file that has been there for
a while, so that a restore that has planned is not robbed; level 0 stays long enough that a writer which slept through
a take-over finds the key it would write still taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pbe.pages.compaction import snapshots
from pbe.pages.restore_plan import SNAPSHOT_LEVEL, LtxInfo


@dataclass(frozen=True, slots=True)
class Window:
    """How long what is kept, in seconds."""

    window_s: float = 7 * 86400
    fine_s: float = 86400
    level0_s: float = 1800
    settle_s: float = 600


def obsolete(files: Sequence[LtxInfo], now_ms: int, window: Window) -> list[LtxInfo]:
    """The files to delete, in key order."""
    settled = now_ms - int(window.settle_s * 1000)
    whole = snapshots(files)
    horizon = now_ms - int(window.window_s * 1000)
    base = _base(whole, horizon, settled)
    gone: list[LtxInfo] = [info for info in whole if base is not None and info.max_txid < base.max_txid]
    floor = base.max_txid if base is not None else 0
    newest0 = max((info.max_txid for info in files if info.level == 0), default=0)
    for info in files:
        if info.min_txid == 1 or info.level == SNAPSHOT_LEVEL:
            continue
        if info.level == 0 and info.max_txid == newest0:
            continue
        least_s = window.level0_s if info.max_txid <= floor else _least_age(info, files, settled, window)
        if least_s is not None and now_ms - info.created_ms >= least_s * 1000:
            gone.append(info)
    kept0 = [info for info in gone if not (info.level == 0 and info.max_txid == newest0)]
    return sorted(kept0, key=lambda info: info.key)


def _base(whole: Sequence[LtxInfo], horizon_ms: int, settled_ms: int) -> LtxInfo | None:
    """The newest snapshot that is at least as old as the window, from which its first moment is restored."""
    old = [info for info in whole if info.created_ms <= horizon_ms and info.stored_ms <= settled_ms]
    return old[-1] if old else None


def _least_age(info: LtxInfo, files: Sequence[LtxInfo], settled_ms: int, window: Window) -> float | None:
    """How old `info` has to be before the settled files of higher levels that hold its transactions may stand for it;
    None where there is none.
    """
    levels = [
        other.level
        for other in files
        if info.level < other.level < SNAPSHOT_LEVEL
        and other.min_txid <= info.min_txid
        and other.max_txid >= info.max_txid
        and other.stored_ms <= settled_ms
    ]
    if not levels:
        return None
    return {1: window.level0_s, 2: max(window.level0_s, window.fine_s)}.get(min(levels), window.window_s)

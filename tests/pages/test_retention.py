from hypothesis import given, settings
from hypothesis import strategies as st

from pbe.pages.restore_plan import LtxInfo, plan_restore
from pbe.pages.retention import Window, obsolete

DAY = 86_400_000


def keys(files: list[LtxInfo]) -> set[tuple[int, int, int]]:
    """What identifies each file."""
    return {(info.level, info.min_txid, info.max_txid) for info in files}


def test_level_0_goes_when_level_1_has_it_and_it_is_old() -> None:
    """The newest file and the young ones stay, and what level 1 has not taken."""
    old, young = 0, 5_000_000
    files = [LtxInfo(0, n, n, created_ms=old) for n in range(1, 6)] + [LtxInfo(0, 6, 6, created_ms=young)]
    files += [LtxInfo(0, 7, 7, created_ms=old), LtxInfo(1, 2, 6, created_ms=old, stored_ms=old)]
    gone = obsolete(files, 6_000_000, Window())
    assert keys(gone) == {(0, n, n) for n in range(2, 6)}


def test_the_newest_snapshot_before_the_window_is_its_base() -> None:
    """Snapshots older than the one that the window's first moment starts from go, with what led up to it."""
    files = [LtxInfo(9, 1, n * 10, created_ms=n * DAY) for n in range(1, 12)]
    files += [LtxInfo(2, n * 10 - 4, n * 10, created_ms=n * DAY) for n in range(1, 12)]
    files += [LtxInfo(0, 110, 110, created_ms=11 * DAY)]
    gone = keys(obsolete(files, 11 * DAY + 1, Window()))
    assert gone == {(9, 1, n * 10) for n in (1, 2, 3)} | {(2, n * 10 - 4, n * 10) for n in (1, 2, 3, 4)}


@settings(max_examples=100)
@given(st.integers(2, 60), st.integers(1, 10), st.sets(st.integers(1, 60), max_size=4), st.integers(0, 20 * DAY))
def test_the_newest_state_stays_restorable(newest: int, group: int, whole: set[int], now_ms: int) -> None:
    """Whatever is deleted, the newest transaction can still be planned."""
    files = [LtxInfo(0, n, n, created_ms=n) for n in range(1, newest + 1)]
    files += [LtxInfo(1, low, low + group - 1, created_ms=low + group) for low in range(2, newest - group, group)]
    files += [LtxInfo(9, 1, n, created_ms=n) for n in whole if n <= newest]
    gone = keys(obsolete(files, now_ms, Window(window_s=DAY / 1000)))
    left = [info for info in files if (info.level, info.min_txid, info.max_txid) not in gone]
    assert plan_restore(left)[-1].max_txid == newest
    assert any(info.level == 0 and info.max_txid == newest for info in left)

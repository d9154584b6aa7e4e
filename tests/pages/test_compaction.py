import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe.pages.compaction import bytes_since_snapshot, due, inputs, merge, snapshots
from pbe.pages.ltx import BrokenLtx, decode
from pbe.pages.restore_plan import LtxInfo
from tests.pages.test_ltx import small

STEP = st.tuples(st.dictionaries(st.integers(1, 12), st.integers(0, 255), max_size=6), st.integers(1, 12))


@settings(max_examples=60)
@given(st.lists(STEP, min_size=1, max_size=6))
def test_a_merge_leaves_what_its_inputs_leave(steps: list[tuple[dict[int, int], int]]) -> None:
    """Laying the files over each other one by one, cut to each size, gives the merged file's pages."""
    state: dict[int, int] = {}
    files = []
    for txid, (pages, commit) in enumerate(steps, 2):
        pages = {pgno: fill for pgno, fill in pages.items() if pgno <= commit}
        state |= pages
        files.append(decode(small(txid, txid, pages, commit)))
    last = steps[-1][1]
    merged = decode(merge(files))
    assert {pgno: page[0] for pgno, page in merged.items()} == {p: fill for p, fill in state.items() if p <= last}
    assert (merged.header.min_txid, merged.header.max_txid, merged.header.commit) == (2, len(steps) + 1, last)
    assert merged.header.timestamp_ms == files[-1].header.timestamp_ms


def test_files_that_do_not_continue_are_refused() -> None:
    """A gap, a range that goes back, and nothing at all cannot be merged."""
    one, two, four = (decode(small(n, n, {1: n}, 1)) for n in (1, 2, 4))
    for wrong in ([two, four], [two, one], [two, two]):
        with pytest.raises(BrokenLtx):
            merge(wrong)
    with pytest.raises(ValueError, match="nothing"):
        merge([])


NOW_MS = 3_600_000


def test_a_level_takes_what_goes_beyond_it() -> None:
    """The base stays where it is; one file alone is not worth a copy; a run ends at a gap."""
    base, *rest = [LtxInfo(0, n, n, 10) for n in range(1, 6)]
    assert inputs([base, rest[0]], 1, 100, NOW_MS) == []
    assert inputs([base, *rest], 1, 100, NOW_MS) == rest
    assert inputs([base, *rest, LtxInfo(1, 2, 3)], 1, 100, NOW_MS) == rest[2:]
    assert inputs([base, *rest[:2], LtxInfo(0, 9, 9, 10)], 1, 100, NOW_MS) == rest[:2]


def test_a_run_stays_within_a_period_that_is_over() -> None:
    """What was written before and after a boundary is not merged, nor what may still be joined by more."""
    files = [LtxInfo(0, n, n, 10, created_ms=n * 10_000) for n in range(2, 9)]
    assert inputs(files, 1, 100, 90_000) == files[1:4]
    assert inputs(files, 1, 100, 50_000) == []
    assert inputs([*files, LtxInfo(1, 3, 5, created_ms=50_000)], 1, 100, 90_000) == files[4:7]


def test_a_level_takes_the_longest_files_of_all_below() -> None:
    """What a lower level has left alone is taken by the next one, between the files that were merged."""
    merged = [LtxInfo(1, 2, 4, 10), LtxInfo(1, 6, 8, 10)]
    files = [*[LtxInfo(0, n, n, 10) for n in range(2, 10)], *merged]
    assert inputs(files, 2, 100, NOW_MS) == [merged[0], files[3], merged[1], files[7]]


def test_large_files_and_single_ones_are_passed_over() -> None:
    """A file beyond the limit stays, a run stops before it, and what stands alone does not block what follows."""
    small, large = [LtxInfo(0, n, n, 10) for n in range(2, 8)], LtxInfo(0, 3, 3, 500)
    files = [small[0], large, *small[2:]]
    assert inputs(files, 1, 100, NOW_MS) == small[2:]
    assert inputs(files, 1, 30, NOW_MS) == small[2:5]
    assert inputs([large], 1, 100, NOW_MS) == []


def test_levels_follow_the_wall_clock() -> None:
    """A level is due once in each of its periods, not a period after the last time."""
    assert due(1, 29.9, 30.0)
    assert not due(1, 30.0, 59.9)
    assert due(3, 3599, 3600)


def test_what_a_restore_reads_beside_the_snapshot() -> None:
    """Only what lies beyond the newest whole database counts."""
    files = [LtxInfo(9, 1, 5, 100), LtxInfo(0, 5, 5, 7), LtxInfo(0, 6, 6, 8), LtxInfo(1, 6, 7, 9)]
    assert [info.max_txid for info in snapshots(files)] == [5]
    assert bytes_since_snapshot(files) == 17

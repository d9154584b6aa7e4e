import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe.pages.restore_plan import LtxInfo, NoSuchMoment, plan_restore


def dumb_plan(files: list[LtxInfo], txid: int | None, before_ms: int | None) -> list[LtxInfo] | None:
    """The rule said plainly: look at every file for every step."""
    fits = [
        f for f in files if (txid is None or f.max_txid <= txid) and (before_ms is None or f.created_ms < before_ms)
    ]
    whole = sorted((f for f in fits if f.level == 9), key=lambda f: (f.min_txid, f.max_txid))
    chain = whole[-1:]
    while txid is None or not chain or chain[-1].max_txid < txid:
        reach = chain[-1].max_txid if chain else 0
        can = [f for f in fits if f.level < 9 and f.min_txid <= reach + 1 and f.max_txid > reach]
        if not can:
            break
        chain.append(max(can, key=lambda f: (f.max_txid, -f.min_txid, f.level, -f.created_ms)))
    if not chain or (txid is not None and chain[-1].max_txid < txid):
        return None
    reach = chain[-1].max_txid
    if txid is None and before_ms is None and any(f.level < 9 and f.min_txid > reach + 1 for f in files):
        return None
    return chain


RANGES = st.tuples(st.integers(1, 12), st.integers(0, 6))
FILES = st.lists(
    st.builds(
        lambda level, span: LtxInfo(
            level, 1 if level == 9 else span[0], span[0] + span[1], 10, (span[0] + span[1]) * 10
        ),
        st.sampled_from([0, 0, 0, 1, 2, 3, 9]),
        RANGES,
    ),
    max_size=14,
    unique_by=lambda f: (f.level, f.min_txid, f.max_txid),
)


@settings(max_examples=300)
@given(FILES, st.one_of(st.none(), st.integers(1, 18)), st.one_of(st.none(), st.integers(1, 190)))
def test_the_plan_is_the_dumb_plan(files: list[LtxInfo], txid: int | None, before_ms: int | None) -> None:
    """The cursors find the chain that looking at every file finds, or both find none."""
    if txid is not None:
        before_ms = None
    expected = dumb_plan(files, txid, before_ms)
    try:
        found = plan_restore(files, txid=txid, before_ms=before_ms)
    except NoSuchMoment:
        assert expected is None
        return
    assert found == expected


def test_a_gap_is_an_error_only_for_the_newest_state() -> None:
    """Files behind a gap mean that the newest state is not there; an older one is."""
    files = [LtxInfo(0, 1, 1, created_ms=1), LtxInfo(0, 3, 3, created_ms=3)]
    with pytest.raises(NoSuchMoment):
        plan_restore(files)
    assert plan_restore(files, txid=1) == plan_restore(files, before_ms=2) == files[:1]


def test_a_moment_is_one_of_two() -> None:
    """Asking for a txid and a time at once is the caller's mistake."""
    with pytest.raises(ValueError, match="txid or a time"):
        plan_restore([], txid=1, before_ms=1)

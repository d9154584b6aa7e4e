from array import array

from hypothesis import given
from hypothesis import strategies as st

from pbe.pages.page_set import PageSet

STEP = st.tuples(st.integers(1, 9), st.dictionaries(st.integers(1, 9), st.integers(1, 2**64 - 1), max_size=5))


@given(st.lists(STEP, max_size=8))
def test_the_sum_follows_every_transaction(steps: list[tuple[int, dict[int, int]]]) -> None:
    """After growing, shrinking and overwriting, the sum is the exclusive or of the fingerprints that are left."""
    pages = PageSet(512)
    dumb: dict[int, int] = {}
    for commit, fresh in steps:
        pages.apply(commit, array("I", fresh), array("Q", fresh.values()))
        dumb = {pgno: value for pgno, value in (dumb | fresh).items() if pgno <= commit}
        total = 0
        for value in dumb.values():
            total ^= value
        assert (len(pages), pages.sum) == (commit, total)
        assert pages.missing() == [pgno for pgno in range(1, commit + 1) if pgno not in dumb]
        assert pages.complete == (not pages.missing())
    assert PageSet(512, pages.prints).text() == pages.text()


def test_unchanged_pages_are_not_offered_again() -> None:
    """What equals the last shipped page is left out."""
    pages = PageSet(512)
    data = bytes(512) + b"y" * 512
    pgnos, offsets = array("I", [1, 2]), array("Q", [0, 512])
    fresh = pages.fingerprints(data, pgnos, offsets)
    assert pages.changed(pgnos, offsets, fresh) == (pgnos, offsets)
    pages.apply(2, pgnos, fresh)
    assert pages.changed(pgnos, offsets, fresh) == (array("I"), array("Q"))

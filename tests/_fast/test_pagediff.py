from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe._fast import pagediff, pagediff_twin


@given(st.binary(min_size=512, max_size=512), st.integers(1, 2**32 - 1))
def test_twins_agree(page: bytes, pgno: int) -> None:
    """Both give one page the same fingerprint."""
    assert pagediff.fingerprint(pgno, page) == pagediff_twin.fingerprint(pgno, page)


@given(st.integers(0, 511), st.integers(1, 255), st.integers(0, 511), st.integers(1, 255))
def test_two_changes_do_not_cancel(first: int, flip: int, second: int, other: int) -> None:
    """A page with one or two changed bytes has another fingerprint."""
    page = bytearray(512)
    page[first] ^= flip
    page[second] ^= other
    if any(page):
        assert pagediff.fingerprint(1, page) != pagediff.fingerprint(1, bytes(512))


@pytest.mark.parametrize("leaf", [pagediff, pagediff_twin])
def test_only_changed_pages_are_kept(leaf: type[pagediff]) -> None:
    """A page that equals what is known is dropped; one beyond what is known is kept."""
    data = bytes(512) + b"x" * 512 + bytes(512)
    pgnos, offsets = array("I", [1, 2, 3]), array("Q", [0, 512, 1024])
    fresh = leaf.fingerprints(data, 512, pgnos, offsets)
    known = array("Q", [fresh[0], 5])
    assert leaf.changed(pgnos, offsets, fresh, known) == (array("I", [2, 3]), array("Q", [512, 1024]))
    assert leaf.changed(pgnos[:0], offsets[:0], fresh[:0], known) == (array("I"), array("Q"))


@pytest.mark.parametrize("leaf", [pagediff, pagediff_twin])
def test_pages_outside_the_data_are_refused(leaf: type[pagediff]) -> None:
    """An offset too far, a page 0, and lists of different lengths raise ValueError."""
    with pytest.raises(ValueError, match="outside"):
        leaf.fingerprints(bytes(600), 512, array("I", [1]), array("Q", [100]))
    with pytest.raises(ValueError, match="from 1"):
        leaf.changed(array("I", [0]), array("Q", [0]), array("Q", [1]), array("Q"))
    with pytest.raises(ValueError, match="do not fit"):
        leaf.fingerprints(bytes(600), 512, array("I", [1]), array("Q"))
    with pytest.raises(ValueError, match="no page"):
        leaf.fingerprint(1, b"123")

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe._fast import walframe, walframe_twin


def frames(
    specs: list[tuple[int, int]], page_size: int, salts: tuple[int, int], big: bool, start: tuple[int, int] = (0, 0)
) -> bytes:
    """A log's frames for (page number, commit size) specs, correctly summed."""
    out, (s0, s1) = b"", start
    for index, (pgno, commit) in enumerate(specs):
        head = struct.pack(">II", pgno, commit)
        page = bytes([index & 255, pgno & 255] * (page_size // 2))
        s0, s1 = walframe_twin.checksum(head + page, s0, s1, big)
        out += head + struct.pack(">4I", *salts, s0, s1) + page
    return out


SPECS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6)), max_size=8)


@settings(max_examples=60)
@given(SPECS, st.booleans(), st.integers(0, 5000), st.integers(-1, 5000))
def test_twins_agree_on_cut_and_broken_logs(specs: list[tuple[int, int]], big: bool, cut: int, flip: int) -> None:
    """Whatever is cut off or flipped, both stop at the same frame with the same pages and sums."""
    data = bytearray(frames(specs, 512, (7, 8), big, (3, 4)))
    data = data[: max(0, len(data) - cut % 1100)]
    if 0 <= flip < len(data):
        data[flip] ^= 0x10
    assert walframe.scan(data, 512, 7, 8, 3, 4, big) == walframe_twin.scan(data, 512, 7, 8, 3, 4, big)


@pytest.mark.parametrize("leaf", [walframe, walframe_twin])
@pytest.mark.parametrize("page_size", [512, 1024, 4096, 65536])
def test_last_committed_image_wins(leaf: type[walframe], page_size: int) -> None:
    """The last image of a page before the last commit is taken, none behind it and none beyond the size."""
    data = frames([(1, 0), (2, 0), (9, 0), (1, 5), (2, 0)], page_size, (1, 2), False)
    count, commit, _, _, pages = leaf.scan(data, page_size, 1, 2, 0, 0, False)
    step = 24 + page_size
    assert (count, commit) == (4, 5)
    assert pages == {1: 3 * step + 24, 2: step + 24}


@pytest.mark.parametrize("leaf", [walframe, walframe_twin])
def test_a_scan_goes_on_where_it_stopped(leaf: type[walframe]) -> None:
    """The sums of one scan start the next."""
    data = frames([(1, 1), (2, 2), (3, 3)], 512, (1, 2), True)
    count, _, s0, s1, _ = leaf.scan(data[: 2 * 536], 512, 1, 2, 0, 0, True)
    assert count == 2
    assert leaf.scan(data[2 * 536 :], 512, 1, 2, s0, s1, True)[:2] == (1, 3)


@pytest.mark.parametrize("leaf", [walframe, walframe_twin])
def test_misuse_is_refused(leaf: type[walframe]) -> None:
    """An odd length and an impossible page size are the caller's fault."""
    with pytest.raises(ValueError, match="whole pairs"):
        leaf.checksum(b"1234567", 0, 0, False)
    with pytest.raises(ValueError, match="no page size"):
        leaf.scan(b"", 100, 0, 0, 0, 0, False)

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe.pages.ltx import BrokenLtx, Header, decode, encode, file_name, lock_page, parse_name, trailer_checksum

#: Written by litestream 0.5.17 for one inserted row, byte for byte (its LZ4 block included).
STOCK_HEADER = bytes.fromhex(
    "4c545831000000020000100000000004000000000000000200000000000000020000 01a20caac8ac0000000000000000"
    "00000000000040800000000000001018ee682ceb aa0bd473 0000000000000000" + "00" * 20
)


def small(min_txid: int, max_txid: int, pages: dict[int, int], commit: int) -> bytes:
    """A file whose page n is filled with the byte pages[n]."""
    data = b"".join(bytes([fill]) * 512 for _, fill in sorted(pages.items()))
    header = Header(512, commit, min_txid, max_txid, 1000 + max_txid)
    return encode(header, data, array("I", sorted(pages)), array("Q", range(0, len(data), 512)))


def test_stock_header_is_read_and_written_back() -> None:
    """The header of a file that stock Litestream wrote means what it should and packs to the same bytes."""
    header = Header.unpack(STOCK_HEADER)
    assert (header.page_size, header.commit, header.min_txid, header.max_txid) == (4096, 4, 2, 2)
    assert (header.wal_offset, header.wal_size, header.salt1) == (16512, 4120, 0xEE682CEB)
    assert header.pack() == STOCK_HEADER


@settings(max_examples=30)
@given(st.dictionaries(st.integers(1, 40), st.integers(0, 255), max_size=12))
def test_a_file_reads_back(pages: dict[int, int]) -> None:
    """Pages, header and checksum come back; the page count is checked against the header."""
    data = small(2, 3, pages, 40)
    file = decode(data)
    assert {pgno: page[0] for pgno, page in file.items()} == pages
    assert file.checksum == trailer_checksum(data)


def test_a_file_without_pages_is_legal() -> None:
    """The record that a new owner appends has no page at all."""
    assert list(decode(small(7, 7, {}, 3)).items()) == []


def test_impossible_headers_are_refused() -> None:
    """What stock Litestream refuses is refused here, when written and when read."""
    good = {"page_size": 512, "commit": 1, "min_txid": 2, "max_txid": 2, "timestamp_ms": 0}
    for change in ({"flags": 4}, {"page_size": 513}, {"min_txid": 0}, {"min_txid": 3}, {"wal_size": 8}, {"salt1": 1}):
        with pytest.raises(BrokenLtx):
            Header(**{**good, **change}).pack()
    for broken in (b"", b"LTX1", b"XXXX" + STOCK_HEADER[4:]):
        with pytest.raises(BrokenLtx):
            Header.unpack(broken)


def test_missing_and_surplus_pages_are_found() -> None:
    """A snapshot without a page and a page behind the end are refused although the file sums up."""
    for broken in (small(1, 1, {1: 1, 3: 3}, 3), small(2, 2, {5: 1}, 4)):
        with pytest.raises(BrokenLtx):
            decode(broken)


def test_names() -> None:
    """A name is its range; foreign names are nobody's."""
    assert file_name(1, 0x1F) == "0000000000000001-000000000000001f.ltx"
    assert parse_name(file_name(3, 9)) == (3, 9)
    for foreign in ("lease.json", file_name(9, 3), file_name(0, 3), "0-1.ltx", file_name(1, 2).upper()):
        assert parse_name(foreign) is None


def test_lock_page() -> None:
    """The lock page is the one that holds byte 0x40000000."""
    assert (lock_page(4096), lock_page(65536), lock_page(512)) == (262145, 16385, 2097153)

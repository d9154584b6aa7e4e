import random
from array import array

import lz4.frame
import pytest

from pbe._fast import crc64, ltxfile, ltxfile_twin

LEAVES = [ltxfile, ltxfile_twin]
HEADER = b"LTX1" + bytes(4) + (512).to_bytes(4, "big") + bytes(88)


def pages(count: int, seed: int) -> bytes:
    """Pages of half noise, half zeros."""
    noise = random.Random(seed)
    return b"".join(noise.randbytes(200) + bytes(312) for _ in range(count))


def written(leaf: type[ltxfile], data: bytes, pgnos: list[int]) -> bytes:
    """A whole file of the pages of `data`."""
    encoder = leaf.Encoder(HEADER, 512)
    offsets = array("Q", range(0, len(data), 512))
    half = len(pgnos) // 2
    parts = [HEADER, encoder.pages(data, array("I", pgnos[:half]), offsets[:half])]
    parts += [encoder.pages(data, array("I", pgnos[half:]), offsets[half:]), encoder.finish()]
    return b"".join(parts)


def read(leaf: type[ltxfile], data: bytes, step: int) -> tuple[list[int], bytes, bytes]:
    """Page numbers, pages and index, fed `step` bytes at a time."""
    decoder, numbers, out = leaf.Decoder(), array("I"), b""
    for at in range(0, len(data), step):
        some, plain = decoder.feed(data[at : at + step])
        numbers, out = numbers + some, out + plain
    decoder.finish()
    return list(numbers), out, decoder.index


@pytest.mark.parametrize("writer", LEAVES)
@pytest.mark.parametrize("reader", LEAVES)
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_each_reads_the_others_files(writer: type[ltxfile], reader: type[ltxfile], step: int) -> None:
    """Pages come back whole whatever the chunks, from either writer."""
    data = pages(9, 1)
    numbers, out, index = read(reader, written(writer, data, [1, 2, 3, 5, 8, 13, 21, 34, 300]), step)
    assert numbers == [1, 2, 3, 5, 8, 13, 21, 34, 300]
    assert out == data
    assert index.startswith(b"\x01\x64")


@pytest.mark.parametrize("leaf", LEAVES)
def test_any_broken_byte_is_found(leaf: type[ltxfile]) -> None:
    """One flipped bit, a missing end or a tail raise ValueError and nothing else."""
    good = written(leaf, pages(3, 2), [1, 2, 3])
    for at in range(0, len(good), 5):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        with pytest.raises(ValueError, match=r"."):
            read(leaf, bytes(bad), 4096)
    for broken in (good[:-1], good + b"x", good[:50], b""):
        with pytest.raises(ValueError, match=r"."):
            read(leaf, broken, 4096)


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize("linked", [True, False])
def test_pages_as_lz4_frames(leaf: type[ltxfile], linked: bool) -> None:
    """Files of the releases before 0.5.16, whose pages are LZ4 frames without a size, are read."""
    data, body, crc = pages(2, 3), b"", crc64.update(0, HEADER)
    for pgno in (1, 2):
        page = data[(pgno - 1) * 512 : pgno * 512]
        head = pgno.to_bytes(4, "big") + b"\0\0"
        body += head + lz4.frame.compress(page, content_checksum=True, block_linked=linked, store_size=not linked)
        crc = crc64.update(crc64.update(crc, head), page)
    tail = bytes(6) + b"\0" + (1).to_bytes(8, "big") + bytes(8)
    crc = crc64.update(crc, tail) | 1 << 63
    for step in (1, 10_000):
        assert read(leaf, HEADER + body + tail + crc.to_bytes(8, "big"), step)[:2] == ([1, 2], data)


@pytest.mark.parametrize("leaf", LEAVES)
def test_pages_have_to_ascend_and_exist(leaf: type[ltxfile]) -> None:
    """A page out of order, outside the data, or after the end is the caller's fault."""
    with pytest.raises(ValueError, match="ascend"):
        leaf.Encoder(HEADER, 512).pages(bytes(1024), array("I", [2, 1]), array("Q", [0, 512]))
    with pytest.raises(ValueError, match="outside"):
        leaf.Encoder(HEADER, 512).pages(bytes(1024), array("I", [2]), array("Q", [600]))
    encoder = leaf.Encoder(HEADER, 512)
    encoder.finish()
    with pytest.raises(ValueError, match="finished"):
        encoder.finish()

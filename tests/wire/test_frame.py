"""Frames at any chunking, and what is no frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.errors import Misuse, PeerError
from pbe.wire.frame import HEAD_BYTES, Decoder, Frame, encode

FRAMES = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=300)), max_size=6)


@given(FRAMES, st.integers(1, 50), st.binary(max_size=HEAD_BYTES - 1))
def test_frames_survive_any_chunking(frames: list[tuple[int, int, bytes]], step: int, tail: bytes) -> None:
    """What was encoded is decoded, whole or in pieces; an unfinished frame behind it waits."""
    data = b"".join(encode(*one) for one in frames) + encode(1, 1, b"x" * 20)[: len(tail)]
    decoder = Decoder()
    found = [got for at in range(0, len(data), step) for got in decoder.feed(data[at : at + step])]
    assert found == [Frame(*one) for one in frames]
    assert decoder.pending == len(tail)
    assert Decoder().feed(data) == found


@given(st.binary(max_size=40), st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_is_found(payload: bytes, at: int, change: int) -> None:
    """A frame with a byte changed is refused, or waits for bytes that never come; it is never taken."""
    data = bytearray(encode(3, 7, payload))
    data[at % len(data)] ^= change
    try:
        found = Decoder().feed(bytes(data))
    except PeerError:
        return
    assert found == []


@given(st.binary(min_size=HEAD_BYTES))
def test_garbage_is_one_kind_of_error(data: bytes) -> None:
    """Any bytes are refused or wait, and what waits is bounded."""
    decoder = Decoder(1000)
    try:
        for at in range(len(data)):
            decoder.feed(data[at : at + 1])
    except PeerError:
        return
    assert decoder.pending <= 1000 + HEAD_BYTES


def test_a_frame_over_the_limit_is_refused_by_its_head() -> None:
    """The length alone is enough, whichever side counts."""
    with pytest.raises(PeerError):
        Decoder(100).feed(encode(1, 1, b"x" * 101)[:10])
    with pytest.raises(Misuse):
        encode(1, 1, b"x" * 101, 100)

"""Messages and entries as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.errors import PeerError
from pbe.raft import BrokenFrame, Kind, Message, SnapshotMeta, bootstrap, make_entry, read_frame
from pbe.raft.codec import decode, encode
from pbe.raft.entries import read_frames

_message = st.builds(
    Message,
    st.sampled_from(list(Kind)),
    st.sampled_from(["a", "cp-2"]),
    st.sampled_from(["b", "cp-3"]),
    st.integers(1, 2**50),
    index=st.integers(0, 2**50),
    log_term=st.integers(0, 2**50),
    commit=st.integers(0, 2**50),
    reject=st.booleans(),
    hint=st.integers(0, 2**50),
    context=st.integers(0, 2**62),
    force=st.booleans(),
    snapshot=st.sampled_from([None, SnapshotMeta(3, 2, bootstrap({"a": "x:1"}))]),
)


@given(_message, st.lists(st.binary(max_size=20), max_size=4))
def test_a_message_comes_back(message: Message, data: list[bytes]) -> None:
    """Encoded and decoded, it is the same, entries included."""
    entries = tuple(make_entry(message.index + 1 + n, 5, item, n % 2) for n, item in enumerate(data))
    whole = Message(*(getattr(message, f) if f != "entries" else entries for f in message.__struct_fields__))
    assert decode(b"".join(encode(whole))) == whole


@given(_message, st.integers(0, 10_000), st.integers(1, 255))
def test_damage_is_noticed_or_harmless(message: Message, at: int, flip: int) -> None:
    """A flipped byte gives a PeerError or another well-formed message, never another exception."""
    data = bytearray(b"".join(encode(message)))
    data[at % len(data)] ^= flip
    try:
        decode(bytes(data))
    except PeerError:
        return


def test_every_cut_is_noticed() -> None:
    """A message or frame that is cut anywhere, or has a tail, is refused."""
    entry = make_entry(8, 2, b"data")
    data = b"".join(encode(Message(Kind.APPEND, "a", "b", 2, index=7, entries=(entry,))))
    head = 4 + int.from_bytes(data[:4], "big")
    for cut in range(len(data)):
        if cut != head:
            with pytest.raises(PeerError):
                decode(data[:cut])
    with pytest.raises(PeerError):
        decode(data + b"\0")
    for cut in range(len(entry.frame)):
        with pytest.raises(BrokenFrame):
            read_frame(entry.frame[:cut])


def test_any_flipped_bit_of_a_frame_is_noticed() -> None:
    """The checksum covers length, index, term, kind and data."""
    frame = make_entry(8, 2, b"data").frame
    for bit in range(len(frame) * 8):
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenFrame):
            read_frame(bytes(damaged))


def test_frames_follow_each_other() -> None:
    """A buffer of whole frames is read entry by entry."""
    entries = tuple(make_entry(n, 1, b"x" * n) for n in range(1, 5))
    assert read_frames(b"".join(entry.frame for entry in entries)) == entries


def test_entries_out_of_order_are_refused() -> None:
    """An append's entries follow its index without a gap."""
    data = b"".join(encode(Message(Kind.APPEND, "a", "b", 2, index=7, entries=(make_entry(9, 2, b""),))))
    with pytest.raises(PeerError, match="out of order"):
        decode(data)

"""A snapshot of the whole state as one file: what goes to the object store, and what a lost cluster comes back from.

    8 bytes   "PBESNAP" and the version of this layout, 1
    frames    length u32 · crc32 u32 · bytes: the head (msgpack `Head`), then pieces of records as `Fleet.export` cuts
              them; a frame of length 0 ends the file

All integers are big-endian. Whoever reads checks every frame, and the hash of the state that the head names.
"""

import re
from collections.abc import Iterator
from zlib import crc32

import msgspec

from pbe.errors import StoreError
from pbe.fleet import Fleet, Meta
from pbe.fleet.tables import encode

MAGIC = b"PBESNAP\x01"
PREFIX = "control-plane/snapshots/"
_NAME = re.compile(r"snapshot-([0-9]{1,19})-([0-9]{1,19})\.snap")


class Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The entry of the log up to which the state goes, and what the state says of itself."""

    term: int
    index: int
    meta: Meta


class Snapshot(msgspec.Struct, frozen=True):
    """A snapshot that was read and is whole."""

    term: int
    index: int
    fleet: Fleet


class SnapshotBroken(StoreError):
    """The file is cut off, damaged, or none of ours."""

    recoverable = False


def key_of(term: int, index: int) -> str:
    """The object's key."""
    return f"{PREFIX}snapshot-{term}-{index}.snap"


def place_of(key: str) -> tuple[int, int] | None:
    """Term and index of a snapshot's key, None for other objects."""
    found = _NAME.fullmatch(key.removeprefix(PREFIX))
    return (int(found[1]), int(found[2])) if found and key.startswith(PREFIX) else None


def pack(term: int, index: int, fleet: Fleet) -> Iterator[bytes]:
    """The file in pieces; the state of the moment of the first one, whatever is applied meanwhile."""
    pieces = fleet.export()
    yield MAGIC + _frame(encode(Head(term, index, fleet.meta())))
    for piece in pieces:
        yield _frame(piece)
    yield _frame(b"")


def unpack(data: bytes, name: str) -> Snapshot:
    """The snapshot in `data`; raises SnapshotBroken, or InvariantBroken for a state that is not whole."""
    if not data.startswith(MAGIC):
        raise SnapshotBroken("read a snapshot", name, hint="it does not begin as one")
    frames = _frames(data, name)
    try:
        head = msgspec.msgpack.decode(next(frames, b""), type=Head)
    except msgspec.DecodeError as error:
        raise SnapshotBroken("read a snapshot", name, hint=f"its head is damaged: {error}") from error
    return Snapshot(head.term, head.index, Fleet.restore(head.meta, frames))


def _frame(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + crc32(data).to_bytes(4, "big") + data


def _frames(data: bytes, name: str) -> Iterator[bytes]:
    at = len(MAGIC)
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        content = data[at + 8 : at + 8 + length]
        if len(content) != length or crc32(content) != int.from_bytes(data[at + 4 : at + 8], "big"):
            raise SnapshotBroken("read a snapshot", name, hint=f"the frame at byte {at} is damaged or cut off")
        at += 8 + length
        if not length:
            return
        yield content
    raise SnapshotBroken("read a snapshot", name, hint="it is cut off")

"""Frames: what travels on a link, at any chunking.

One frame, all integers big-endian:

    4 bytes   length of the payload, at most `frame_bytes_max`
    1 byte    version of this layout, 1
    1 byte    kind (see `kinds`)
    4 bytes   stream: the call or watch it belongs to, 0 for none
    4 bytes   CRC-32 of the ten bytes before and the payload
    payload
"""

import zlib
from struct import Struct
from typing import NamedTuple

from pbe.errors import Misuse, PeerError

VERSION = 1
FRAME_BYTES_MAX = 8 * 1024 * 1024
HANDSHAKE_FRAME_BYTES_MAX = 1024
_HEAD = Struct(">IBBI")
_CHECK = Struct(">I")
HEAD_BYTES = _HEAD.size + _CHECK.size


class Frame(NamedTuple):
    """One frame; the payload's meaning is its kind's."""

    kind: int
    stream: int
    payload: bytes


def encode(kind: int, stream: int, payload: bytes, frame_bytes_max: int = FRAME_BYTES_MAX) -> bytes:
    """The bytes of one frame. A payload over the limit is misuse: the peer would drop the connection."""
    if len(payload) > frame_bytes_max:
        raise Misuse("encode a frame", f"{len(payload)} bytes", hint=f"at most {frame_bytes_max}")
    head = _HEAD.pack(len(payload), VERSION, kind, stream)
    return head + _CHECK.pack(zlib.crc32(payload, zlib.crc32(head))) + payload


class Decoder:
    """Feeds on a connection's bytes. Keeps at most one unfinished frame."""

    __slots__ = ("_buffer", "frame_bytes_max")

    def __init__(self, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        self.frame_bytes_max = frame_bytes_max
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. Raises `PeerError` at the first that is not one; feed no more then."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        at = 0
        while len(buffer) - at >= _HEAD.size:
            length, version, kind, stream = _HEAD.unpack_from(buffer, at)
            if version != VERSION or length > self.frame_bytes_max:
                raise PeerError("read a frame", f"version {version}, {length} bytes", hint="not a frame, or too long")
            end = at + HEAD_BYTES + length
            if len(buffer) < end:
                break
            payload = bytes(buffer[at + HEAD_BYTES : end])
            check = zlib.crc32(payload, zlib.crc32(buffer[at : at + _HEAD.size]))
            if check != _CHECK.unpack_from(buffer, at + _HEAD.size)[0]:
                raise PeerError("read a frame", f"kind {kind}, {length} bytes", hint="the checksum does not hold")
            frames.append(Frame(kind, stream, payload))
            at = end
        del buffer[:at]
        return frames

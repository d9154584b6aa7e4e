"""WebSocket frames of events, built once for all who get the same.

A server's text frame is not masked, so its bytes are equal for every client; with per-message deflate and no context
kept between messages the compressed bytes are equal too.
"""

import zlib
from collections import OrderedDict

import orjson

from pbe.tenant.realtime_seat import Message

COMPRESS_BYTES_MIN = 256
FRAMES_MAX = 512
_TEXT, _COMPRESSED = 0x81, 0xC1


def text_frame(payload: bytes, *, deflate: bool) -> bytes:
    """One unmasked text frame with the whole message, compressed where that is agreed and worth it."""
    first = _TEXT
    if deflate and len(payload) >= COMPRESS_BYTES_MIN:
        compressor = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        payload = (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        first = _COMPRESSED
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def event_json(message: Message) -> bytes:
    """`{"type":"event","id":7,"topic":"posts/*","record":{…},"action":"create"}`."""
    return b'{"type":"event","id":%d,"topic":%b,%b' % (message.number, orjson.dumps(message.topic), message.data[1:])


class Frames:
    """The frames of the last messages, for one tenant; a message that many get is built once."""

    def __init__(self) -> None:
        self._frames: OrderedDict[tuple[int, str, int, bool], tuple[bytes, bytes]] = OrderedDict()

    def of(self, message: Message, *, deflate: bool) -> bytes:
        """The frame of a message."""
        key = (message.number, message.topic, id(message.data), deflate)
        found = self._frames.get(key)
        if found is None:
            found = (text_frame(event_json(message), deflate=deflate), message.data)  # the data is kept: its id is
            self._frames[key] = found
            if len(self._frames) > FRAMES_MAX:
                self._frames.popitem(last=False)
        return found[0]

"""The payloads of frames that carry more than bytes: msgpack arrays, read strictly."""

from typing import Any, TypeVar

import msgspec

from pbe.errors import PeerError

TOPIC_BYTES_MAX = 255
T = TypeVar("T")


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """CALL: `[method, timeout_ms, body]`; the answer is worth nothing after timeout_ms."""

    method: str
    timeout_ms: int
    body: Any = None


class Watch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """WATCH: `[topic, revision]`; everything after `revision` is wanted, once and in order."""

    topic: str
    revision: int


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """EVENT: `[revision, body]`; revisions never go down on one stream."""

    revision: int
    body: Any = None


class Fault(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """FAULT: `[kind, message, data, hint, retry_after_s]`; kind is the name of a class in `pbe.errors`."""

    kind: str
    message: str
    data: dict[str, Any] = {}
    hint: str = ""
    retry_after_s: int = 0


def encode(value: Any) -> bytes:
    """`value`, a struct of this module or plain data, as msgpack."""
    return msgspec.msgpack.encode(value)


def decode(payload: bytes, kind: type[T]) -> T:
    """A struct of this module. Raises `PeerError` for anything else."""
    try:
        return msgspec.msgpack.decode(payload, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PeerError("read a message", kind.__name__, hint=str(error)) from error


def decode_any(payload: bytes) -> Any:
    """Plain data. Raises `PeerError` for what is not msgpack."""
    try:
        return msgspec.msgpack.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, TypeError) as error:
        raise PeerError("read a message", hint=str(error)) from error


def encode_post(topic: bytes, data: bytes) -> bytes:
    """POST: the topic's length in one byte, the topic, the data as it is."""
    return bytes((len(topic),)) + topic + data


def decode_post(payload: bytes) -> tuple[bytes, bytes]:
    """Topic and data of a POST. Raises `PeerError` where the topic is cut off."""
    if not payload or len(payload) < 1 + payload[0]:
        raise PeerError("read a post", hint="cut off")
    end = 1 + payload[0]
    return payload[1:end], payload[end:]

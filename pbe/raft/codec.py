"""Messages as bytes: a msgpack head, then the frames of the entries exactly as they are on the disk.

``head length u32 · head · frame · frame …``. The head is the array [kind, to, sender, term, index, log_term, commit,
reject, hint, hint_term, context, force, snapshot]; members of a newer version may append to it, and what an older one
does not know it ignores.
"""

from typing import Any

import msgspec

from pbe.errors import PeerError
from pbe.raft.entries import read_frames
from pbe.raft.messages import Kind, Message, SnapshotMeta

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not what they should be."""


class _Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    kind: int
    to: str
    sender: str
    term: int
    index: int = 0
    log_term: int = 0
    commit: int = 0
    reject: bool = False
    hint: int = 0
    hint_term: int = 0
    context: int = 0
    force: bool = False
    snapshot: SnapshotMeta | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Head).decode
_KINDS = {kind.value: kind for kind in Kind}


def encode(message: Message) -> list[bytes]:
    """The message in pieces to be written one after the other; the entries' frames are not copied."""
    head = _encode(
        _Head(
            message.kind.value,
            message.to,
            message.sender,
            message.term,
            message.index,
            message.log_term,
            message.commit,
            message.reject,
            message.hint,
            message.hint_term,
            message.context,
            message.force,
            message.snapshot,
        )
    )
    return [len(head).to_bytes(4, "big"), head, *(entry.frame for entry in message.entries)]


def decode(data: Any) -> Message:
    """The message in bytes or a memoryview; raises PeerError for anything that is not exactly one."""
    view = memoryview(data)
    if len(view) < 4:
        raise PeerError("read", "raft message", hint="cut off")
    end = 4 + int.from_bytes(view[:4], "big")
    if end > len(view):
        raise PeerError("read", "raft message", hint="its head is cut off")
    try:
        head = _decode(view[4:end])
    except UNREADABLE as error:
        raise PeerError("read", "raft message", hint=str(error)) from error
    kind = _KINDS.get(head.kind)
    if kind is None or head.term < 1 or min(head.index, head.log_term, head.commit, head.hint, head.hint_term) < 0:
        raise PeerError("read", "raft message", hint="an unknown kind or a number below zero")
    entries = read_frames(view[end:])
    for position, entry in enumerate(entries):
        if entry.index != head.index + 1 + position:
            raise PeerError("read", "raft message", hint=f"entry {entry.index} is out of order")
    return Message(
        kind=kind,
        to=head.to,
        sender=head.sender,
        term=head.term,
        index=head.index,
        log_term=head.log_term,
        commit=head.commit,
        entries=entries,
        reject=head.reject,
        hint=head.hint,
        hint_term=head.hint_term,
        context=head.context,
        force=head.force,
        snapshot=head.snapshot,
    )

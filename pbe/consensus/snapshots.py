"""Snapshots on their way between members: cut at the leader, carried in pieces, put together at the member.

A piece is msgpack ``[index, term, number, last, crc32, data]``; data of piece 0 is the fleet's meta, of the others at
most 2,000 records. The receiver answers each with ``[index, term, next]``, the number it wants next: so a transfer
goes on where it stopped, after a lost parcel and after a lost link alike. At most `PIECES_IN_FLIGHT_MAX` pieces are
unanswered, and one is encoded at a time, so that neither side is held up by a large state.
"""

from collections.abc import Iterator, Sequence
from zlib import crc32

import msgspec

from pbe.consensus.outbox import Outbox
from pbe.consensus.transport import Channel
from pbe.errors import InvariantBroken, PeerError
from pbe.fleet import Fleet, Meta
from pbe.fleet.tables import encode
from pbe.raft import Core, HardState, Message, SnapshotMeta, codec
from pbe.storage.control import Checkpoint, ControlStore

PIECES_IN_FLIGHT_MAX = 4
RESEND_TICKS = 20
GIVE_UP_TICKS = 200
_Items = list[tuple[str, str, bytes]]


class Piece(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One piece; see above."""

    index: int
    term: int
    number: int
    last: bool
    crc: int
    data: bytes


class PieceAck(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The answer to a piece."""

    index: int
    term: int
    next: int


_piece = msgspec.msgpack.Decoder(Piece).decode
_ack = msgspec.msgpack.Decoder(PieceAck).decode


class Cut:
    """The state of one moment in pieces, encoded as they are asked for and kept for the next member that needs them."""

    def __init__(self, meta: SnapshotMeta, fleet: Fleet, items_max: int) -> None:
        self.meta = meta
        self._rest: Iterator[bytes] = fleet.export(items_max)
        self._data = [encode(fleet.meta())]
        self._ended = False

    def piece(self, number: int) -> Piece | None:
        """The piece of that number, None behind the last."""
        while len(self._data) <= number + 1 and not self._ended:
            following = next(self._rest, None)
            if following is None:
                self._ended = True
            else:
                self._data.append(following)
        if number >= len(self._data):
            return None
        data = self._data[number]
        last = self._ended and number == len(self._data) - 1
        return Piece(self.meta.index, self.meta.term, number, last, crc32(data), data)


class _Transfer:
    __slots__ = ("acked", "cut", "message", "sent", "silent_ticks", "total_silent")

    def __init__(self, cut: Cut, message: Message) -> None:
        self.cut, self.message = cut, message
        self.acked = self.sent = 0
        self.silent_ticks = self.total_silent = 0


class Departures:
    """The leader's side: one transfer a member."""

    def __init__(self, outbox: Outbox, items_max: int) -> None:
        self._outbox, self._items_max = outbox, items_max
        self._transfers: dict[str, _Transfer] = {}
        self._cut: Cut | None = None

    def begin(self, message: Message, fleet: Fleet) -> None:
        """Carry the snapshot of `message` over, which is of the fleet as it is now."""
        meta = message.snapshot
        if meta is None:
            return
        if self._cut is None or self._cut.meta != meta:
            self._cut = Cut(meta, fleet, self._items_max)
        self._transfers[message.to] = _Transfer(self._cut, message)
        self._fill(message.to)

    def ack(self, member: str, body: bytes, core: Core) -> None:
        """The member's answer: send on, or finish by the raft message itself."""
        try:
            ack = _ack(body)
        except codec.UNREADABLE as error:
            raise PeerError("read", "snapshot ack", hint=str(error)) from error
        transfer = self._transfers.get(member)
        if transfer is None or (ack.index, ack.term) != (transfer.cut.meta.index, transfer.cut.meta.term):
            return
        if ack.next > transfer.acked:
            transfer.total_silent = 0
        transfer.acked = ack.next
        transfer.silent_ticks = 0
        transfer.sent = max(transfer.sent, transfer.acked)
        if ack.next and transfer.cut.piece(ack.next) is None:
            del self._transfers[member]
            self._outbox.raft(msgspec.structs.replace(transfer.message, term=core.term))
            core.snapshot_reported(member, delivered=True)
            return
        self._fill(member)

    def tick(self, core: Core) -> None:
        """Time has passed: repeat what was not answered, give up after long silence or when no longer leader."""
        if not core.is_leader:
            self._transfers.clear()
            self._cut = None
            return
        for member, transfer in list(self._transfers.items()):
            transfer.silent_ticks += 1
            transfer.total_silent += 1
            if transfer.total_silent >= GIVE_UP_TICKS:
                del self._transfers[member]
                core.snapshot_reported(member, delivered=False)
            elif transfer.silent_ticks >= RESEND_TICKS:
                transfer.silent_ticks = 0
                transfer.sent = transfer.acked
                self._fill(member)
        if not self._transfers:
            self._cut = None

    def _fill(self, member: str) -> None:
        transfer = self._transfers[member]
        while transfer.sent < transfer.acked + PIECES_IN_FLIGHT_MAX:
            piece = transfer.cut.piece(transfer.sent)
            if piece is None:
                return
            self._outbox.add(member, Channel.PIECE, [encode(piece)])
            transfer.sent += 1


class Arrivals:
    """The member's side: the pieces of one snapshot, and the fleet that they make."""

    def __init__(self) -> None:
        self._of = (0, 0)
        self._data: list[bytes] = []
        self._whole = False
        self._fleet: Fleet | None = None
        self._held: dict[tuple[int, int], tuple[list[bytes], Fleet]] = {}

    def piece(self, body: bytes) -> bytes:
        """Keep a piece if it is the next one; the answer. A newer snapshot replaces an older one's pieces."""
        try:
            piece = _piece(body)
        except codec.UNREADABLE as error:
            raise PeerError("read", "snapshot piece", hint=str(error)) from error
        if crc32(piece.data) != piece.crc:
            raise PeerError("read", "snapshot piece", hint=f"the checksum of piece {piece.number} does not match")
        if (piece.index, piece.term) != self._of:
            self._begin(piece.index, piece.term)
        if piece.number == len(self._data) and not self._whole:
            self._data.append(piece.data)
            self._whole = piece.last
        return encode(PieceAck(piece.index, piece.term, len(self._data)))

    def _begin(self, index: int, term: int) -> None:
        self._of, self._data, self._whole, self._fleet = (index, term), [], False, None

    def ready(self, meta: SnapshotMeta) -> bool:
        """Whether the snapshot is here, whole and undamaged; what is damaged is thrown away and asked for again."""
        if self._of != (meta.index, meta.term) or not self._whole:
            return False
        if self._fleet is None:
            try:
                fleet_meta = msgspec.msgpack.decode(self._data[0], type=Meta)
                self._fleet = Fleet.restore(fleet_meta, self._data[1:])
            except (*codec.UNREADABLE, InvariantBroken):
                self._begin(0, 0)
                return False
        return True

    def hold(self, meta: SnapshotMeta) -> None:
        """Keep the snapshot, which is `ready`, until it is taken: pieces of a newer one may come meanwhile."""
        if self._fleet is not None:
            self._held[meta.index, meta.term] = (self._data, self._fleet)

    def install(self, store: ControlStore, meta: SnapshotMeta, hard: HardState, recover_to: int) -> None:
        """Write the snapshot to the store instead of what it has."""
        data, _ = self._get(meta)
        checkpoint = Checkpoint(meta.index, meta.term, meta.config, data[0])
        store.install(hard, checkpoint, records_of(data[1:]), recover_to)

    def take(self, meta: SnapshotMeta) -> Fleet:
        """The fleet of the snapshot, which is forgotten here, as are older ones."""
        _, fleet = self._get(meta)
        self._held = {of: held for of, held in self._held.items() if of[0] > meta.index}
        if self._of == (meta.index, meta.term):
            self._begin(0, 0)
        return fleet

    def _get(self, meta: SnapshotMeta) -> tuple[list[bytes], Fleet]:
        held = self._held.get((meta.index, meta.term))
        if held is None:
            raise InvariantBroken("install", f"snapshot {meta.term}-{meta.index}", hint="its pieces are not here")
        return held


def records_of(pieces: Sequence[bytes]) -> Iterator[tuple[str, str, bytes]]:
    """The records of a snapshot's pieces (without the first, the meta)."""
    for piece in pieces:
        yield from msgspec.msgpack.decode(piece, type=_Items)

"""What one turn of the reactor has to tell each member, sent as one list of parcels."""

from collections.abc import Sequence

from pbe.consensus.transport import Channel, Transport
from pbe.raft import Message, codec

_PREFIX = {channel: bytes([channel]) for channel in Channel}


class Outbox:
    """Parcels by member, in order, until `flush`. What the transport cannot take is dropped: raft sends it again."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._parcels: dict[str, list[Sequence[bytes]]] = {}

    def raft(self, message: Message) -> None:
        """A message of the core."""
        self.add(message.to, Channel.RAFT, codec.encode(message))

    def add(self, member: str, channel: Channel, pieces: Sequence[bytes]) -> None:
        """A parcel for the member."""
        self._parcels.setdefault(member, []).append([_PREFIX[channel], *pieces])

    def flush(self) -> None:
        """Send everything."""
        if not self._parcels:
            return
        parcels, self._parcels = self._parcels, {}
        for member, waiting in parcels.items():
            self._transport.send(member, waiting)

"""The transport between real members: parcels as posts on proved, framed links of `pbe.net`.

Every member listens, and dials every other; parcels leave by the link that this member has dialled, or by one that the
peer has, when that is the only one. A post is ``length u32 · parcel`` repeated: the parcels of one turn are one frame.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort, IReactorTime, IStreamClientEndpoint, IStreamServerEndpoint

from pbe.consensus.transport import Listener
from pbe.errors import PeerError
from pbe.net.handlers import Handlers, Peer
from pbe.net.link import Link
from pbe.net.link_client import LinkClient
from pbe.net.link_limits import LinkLimits
from pbe.net.link_server import LinkServer

ROLE = "raft"
TOPIC = b"raft"
POST_BYTES_MAX = 6 * 1024 * 1024
LIMITS = LinkLimits(ping_s=1.0, silence_s=5.0, handshake_timeout_s=3.0)


class LinkTransport:
    """Links between members. `dial(address)` gives the endpoint of an address; `seeds` are dialled by one who joins.

    TLS belongs to the endpoints. Parcels for a member without a link, or one that does not read, are dropped.
    """

    def __init__(
        self,
        member_id: str,
        listen: IStreamServerEndpoint,
        dial: Callable[[str], IStreamClientEndpoint],
        *,
        secret: bytes,
        clock: IReactorTime,
        random_bytes: Callable[[int], bytes],
        seeds: Sequence[str] = (),
        limits: LinkLimits = LIMITS,
    ) -> None:
        self.member_id = member_id
        self._listen, self._dial = listen, dial
        self._secret, self._clock, self._random_bytes, self._limits = secret, clock, random_bytes, limits
        self._seeds = tuple(seeds)
        self._handlers = Handlers()
        self._handlers.post(TOPIC, self._posted)
        self._server = LinkServer(
            self._handlers,
            secret=secret,
            name=member_id,
            role=ROLE,
            clock=clock,
            random_bytes=random_bytes,
            limits=limits,
        )
        self._server.on_open.append(self._opened)
        self._server.on_close.append(self._closed)
        self._clients: dict[str, LinkClient] = {}
        self._listener: Listener | None = None
        self._port: IListeningPort | None = None
        self.listening: Deferred[None] = Deferred()
        self._stopped = False

    @property
    def port(self) -> IListeningPort | None:
        """The port, once `listening` has fired."""
        return self._port

    def start(self, listener: Listener) -> None:
        """Begin to accept and to dial; `listening` fires when the port is open, or fails."""
        self._listener = listener
        opening = self._listen.listen(self._server)
        opening.addCallbacks(self._listens, self.listening.errback)
        for client in self._clients.values():
            client.start()

    def _listens(self, port: IListeningPort) -> None:
        self._port = port
        if self._stopped:
            port.stopListening()
        self.listening.callback(None)

    def set_peers(self, addresses: Mapping[str, str]) -> None:
        """Whom to be linked to; while there is nobody, the seeds."""
        wanted = set(addresses.values()) - {""} if addresses else set(self._seeds)
        for address in set(self._clients) - wanted:
            self._clients.pop(address).stop()
        for address in sorted(wanted - set(self._clients)):
            client = LinkClient(
                [address],
                self._dial,
                self._handlers,
                secret=self._secret,
                name=self.member_id,
                role=ROLE,
                clock=self._clock,
                random_bytes=self._random_bytes,
                limits=self._limits,
                upgrade=False,
            )
            client.on_open.append(self._opened)
            self._clients[address] = client
            if self._listener is not None:
                client.start()

    def send(self, member: str, parcels: Sequence[Sequence[bytes]]) -> bool:
        """Send parcels as one post, or a few; False when they were dropped."""
        link = self._link(member)
        if link is None:
            return False
        return all(link.post(TOPIC, post) for post in joined(parcels))

    def linked(self) -> list[str]:
        """The members with an open link."""
        dialled = {client.link.name for client in self._clients.values() if client.link is not None}
        return sorted(dialled | {link.name for link in self._server.links})

    def stop(self) -> None:
        """Close everything."""
        self._stopped = True
        for client in self._clients.values():
            client.stop()
        self._server.stop()
        if self._port is not None:
            self._port.stopListening()

    def _link(self, member: str) -> Link | None:
        for client in self._clients.values():
            link = client.link
            if link is not None and link.name == member:
                return link
        return self._server.peer(member)

    def _opened(self, link: Link) -> None:
        if link.role != ROLE or link.name == self.member_id:
            link.abort("it is no other member of the control plane")
        elif self._listener is not None:
            self._listener.connected(link.name)

    def _closed(self, link: Link) -> None:
        if self._listener is not None and not self._stopped and link.role == ROLE:
            self._listener.closed(link.name)

    def _posted(self, peer: Peer, data: bytes) -> None:
        if self._listener is not None and not self._stopped:
            self._listener.received(peer.name, split(data))


def joined(parcels: Iterable[Sequence[bytes]], bytes_max: int = POST_BYTES_MAX) -> list[bytes]:
    """The parcels, each given in pieces, as few posts."""
    posts: list[bytes] = []
    pieces: list[bytes] = []
    size = 0
    for parcel in parcels:
        length = sum(map(len, parcel))
        if pieces and size + length > bytes_max:
            posts.append(b"".join(pieces))
            pieces, size = [], 0
        pieces.append(length.to_bytes(4, "big"))
        pieces.extend(parcel)
        size += length + 4
    if pieces:
        posts.append(b"".join(pieces))
    return posts


def split(data: bytes) -> list[bytes]:
    """The parcels of a post; raises PeerError when one is cut off."""
    parcels, at = [], 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data) or at + 4 > len(data):
            raise PeerError("read", "post of parcels", hint="a parcel is cut off")
        parcels.append(data[at + 4 : end])
        at = end
    return parcels

"""A WebSocket client on strings: frames in, frames out, through the HTTP server of a tenant's site."""

import json
import zlib
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransport

from pbe.web.server import HttpServer
from tests.kit.tenant_site import World

CLOSE, PING, PONG = 8, 9, 10


class SocketClient:
    """An open WebSocket of a world's site; `said()` is what the server said since the last call."""

    def __init__(self, world: World, *, deflate: bool = False, token: str = "", peer: str = "127.0.0.1") -> None:
        self.world = world
        self.code: int | None = None
        self.pings = 0
        self.compressed = 0
        self._buffer = b""
        server = HttpServer(world.site.handle, clock=world.clock)
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", peer, 5000), lenient=True)
        self.connection: Any = server.buildProtocol(None)
        self.connection.makeConnection(self.transport)
        lines = [
            "GET /api/realtime/ws HTTP/1.1",
            "Host: acme.localhost:8090",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        if deflate:
            lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover")
        if token:
            lines.append(f"Authorization: {token}")
        self.connection.dataReceived("\r\n".join([*lines, "", ""]).encode())
        self._turn()
        head, _, self._buffer = self._taken().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        assert (b"permessage-deflate" in head) is deflate
        (hello,) = self.said()
        assert hello["type"] == "connect"
        self.id, self.first = hello["clientId"], hello["lastEventId"]

    def say(self, **message: Any) -> list[Any]:
        """Send a message; what came back."""
        return self.send(json.dumps(message).encode())

    def send(self, payload: bytes, opcode: int = 1, *, step: int = 0) -> list[Any]:
        """Send one frame, masked as clients must."""
        mask = b"\x01\x02\x03\x04"
        size = len(payload)
        head = bytes((0x80 | opcode, 0x80 | min(size, 126 if size < 65536 else 127)))
        if size >= 126:
            head += size.to_bytes(2 if size < 65536 else 8, "big")
        data = head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        for at in range(0, len(data), step or len(data)):
            self.connection.dataReceived(data[at : at + (step or len(data))])
        return self.said()

    def said(self) -> list[Any]:
        """The server's text messages, parsed; closes and pings are noted."""
        self._turn()
        self._buffer += self._taken()
        found = []
        while len(self._buffer) >= 2:
            first, second = self._buffer[:2]
            at, size = 2, second & 0x7F
            assert not second & 0x80
            if size >= 126:
                width = 2 if size == 126 else 8
                at, size = 2 + width, int.from_bytes(self._buffer[2 : 2 + width], "big")
            if len(self._buffer) < at + size:
                break
            payload, self._buffer = self._buffer[at : at + size], self._buffer[at + size :]
            if first & 0x40:
                self.compressed += 1
                payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
            if first & 0x0F == CLOSE:
                self.code = int.from_bytes(payload[:2], "big")
            elif first & 0x0F == PING:
                self.pings += 1
            elif first & 0x0F == 1:
                found.append(json.loads(payload))
        return found

    def events(self) -> list[tuple[str, str, str]]:
        """Events as (topic without options, action, record's id)."""
        said = [one for one in self.said() if one["type"] == "event"]
        return [(one["topic"].partition("?")[0], one["action"], one["record"].get("id", "")) for one in said]

    def cut(self) -> None:
        """Lose the connection."""
        self.connection.connectionLost()

    @property
    def gone(self) -> bool:
        """Whether the server closed or dropped the connection."""
        return bool(self.transport.disconnecting)

    def _turn(self) -> None:
        for _ in range(5):
            self.world.clock.advance(0)

    def _taken(self) -> bytes:
        data: bytes = self.transport.value()
        self.transport.clear()
        return data

"""A crowd of subscribers and one writer in one loop over epoll: the load of `bench/realtime.py`.

Each write carries the time it was sent, so what a subscriber hears says how long it took.
"""

import base64
import dataclasses
import json
import os
import re
import select
import socket
import time

_SENT = re.compile(rb'"sent":"(\d+)"')
_STATUS = re.compile(rb"HTTP/1.1 (\d+)[^\0]*?\r\n\r\n")
_CLIENT = re.compile(rb'"clientId":"(\w+)"')
_PING, _PONG = b"\x89\x00", b"\x8a\x80\0\0\0\0"
READ_BYTES = 1 << 18
CONNECT_S_MAX = 30.0


@dataclasses.dataclass(frozen=True)
class Target:
    """Where to go: the port, the Host header, the collection, a superuser's token."""

    port: int
    host: str
    collection: str
    token: str

    def request(self, method: str, path: str, body: object = None, *lines: str) -> bytes:
        """A request's bytes."""
        content = json.dumps(body).encode() if body is not None else b""
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Authorization: {self.token}", *lines]
        if body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*head, "", ""]).encode() + content


def connected(port: int) -> socket.socket:
    """A connection without delay."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S_MAX)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def until(connection: socket.socket, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
    """The first match in what comes."""
    found = b""
    while (match := pattern.search(found)) is None:
        piece = connection.recv(READ_BYTES)
        if not piece:
            raise ConnectionError(f"closed after {found[-300:]!r}")
        found += piece
    return match


def sse_subscriber(target: Target, other: socket.socket) -> socket.socket:
    """A stream that hears every record of the collection; `other` is a connection to subscribe over."""
    stream = connected(target.port)
    guest = dataclasses.replace(target, token="")
    stream.sendall(guest.request("GET", "/api/realtime"))
    client = until(stream, _CLIENT).group(1).decode()
    body = {"clientId": client, "subscriptions": [f"{target.collection}/*"]}
    other.sendall(guest.request("POST", "/api/realtime", body))
    if until(other, _STATUS).group(1) != b"204":
        raise ConnectionError("not subscribed")
    return stream


def ws_subscriber(target: Target, other: socket.socket) -> socket.socket:
    """The same over a WebSocket."""
    stream = connected(target.port)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}")
    stream.sendall(dataclasses.replace(target, token="").request("GET", "/api/realtime/ws", None, *lines))
    until(stream, _CLIENT)
    payload = json.dumps({"type": "subscribe", "topics": [f"{target.collection}/*"]}).encode()
    stream.sendall(bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload)
    until(stream, re.compile(rb'"type":"subscribed"'))
    return stream


@dataclasses.dataclass
class Heard:
    """What the crowd heard: latencies in milliseconds, in no order; writes and how long they took in all."""

    latencies_ms: list[float]
    writes: int
    seconds: float

    def percentile(self, share: float) -> float:
        """A latency that this share is not above."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class Crowd:
    """Subscribers, each on a target; `run` writes to the targets in turn."""

    def __init__(self, targets: list[Target], subscribers: int, transport: str) -> None:
        self._targets = targets
        make = ws_subscriber if transport == "ws" else sse_subscriber
        self._streams: list[socket.socket] = []
        self._epoll = select.epoll()
        self._by_fd: dict[int, socket.socket] = {}
        self._tails: dict[int, bytes] = {}
        self._latencies_ms: list[float] = []
        with connected(targets[0].port) as other:
            for number in range(subscribers):
                stream = make(targets[number % len(targets)], other)
                stream.setblocking(False)
                self._streams.append(stream)
                self._by_fd[stream.fileno()] = stream
                self._epoll.register(stream.fileno(), select.EPOLLIN)
                if number % 200 == 0:
                    self._hear_some(0)

    def run(self, rate: float, seconds: float) -> Heard:
        """Write `rate` records a second for `seconds`, and listen until all is heard or a second of silence."""
        writers = [connected(target.port) for target in self._targets]
        self._latencies_ms.clear()
        begun = time.perf_counter()
        writes = 0
        heard_at = begun
        expected = 0
        per_target = len(self._streams) / len(self._targets)
        while True:
            now = time.perf_counter()
            if now - begun < seconds and now - begun >= writes / rate:
                target, writer = self._targets[writes % len(writers)], writers[writes % len(writers)]
                body = {"sent": str(time.perf_counter_ns()), "title": "x" * 100}
                writer.sendall(target.request("POST", f"/api/collections/{target.collection}/records", body))
                until(writer, re.compile(rb'HTTP/1.1 200.*"sent"', re.DOTALL))
                writes += 1
                expected += round(per_target)
                continue
            pause_s = 0.001 if now - begun < seconds else 0.1
            if self._hear_some(pause_s):
                heard_at = time.perf_counter()
            done = len(self._latencies_ms) >= expected or time.perf_counter() - heard_at > 1.0
            if now - begun >= seconds and done:
                break
        for writer in writers:
            writer.close()
        return Heard(list(self._latencies_ms), writes, time.perf_counter() - begun)

    def _hear_some(self, pause_s: float) -> bool:
        ready = self._epoll.poll(pause_s)
        for fd, _ in ready:
            self._hear(fd)
        return bool(ready)

    def _hear(self, fd: int) -> None:
        try:
            data = self._tails.pop(fd, b"") + self._by_fd[fd].recv(READ_BYTES)
        except BlockingIOError:
            return
        if _PING in data:
            self._by_fd[fd].send(_PONG)
        now_ns = time.perf_counter_ns()
        end = 0
        for match in _SENT.finditer(data):
            self._latencies_ms.append((now_ns - int(match.group(1))) / 1e6)
            end = match.end()
        tail = data[max(end, len(data) - 40) :]
        if tail:
            self._tails[fd] = tail

    def close(self) -> None:
        """Leave."""
        self._epoll.close()
        for stream in self._streams:
            stream.close()

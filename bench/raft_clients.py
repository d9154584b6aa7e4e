"""Closed-loop clients on plain sockets: each sends a request, waits for its answer, sends the next."""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Request = Callable[[int, int], bytes]
Complete = Callable[[bytes], bool]


@dataclass
class Measured:
    """Answers a second and their latencies."""

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    failures: int = 0
    example: bytes = b""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.seconds if self.seconds else 0.0

    def percentile_ms(self, share: float) -> float:
        """The latency in milliseconds that `share` of the answers stayed under."""
        ordered = sorted(self.latencies_s)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 if ordered else 0.0

    def row(self) -> str:
        """Rate, p50, p99."""
        failed = f"  ({self.failures} failed: {self.example[:80]!r})" if self.failures else ""
        return (
            f"{self.rate:9,.0f} /s  p50 {self.percentile_ms(0.5):6.2f}  p99 {self.percentile_ms(0.99):6.2f} ms{failed}"
        )


def line_complete(answer: bytes) -> bool:
    """Whether an answer of the line protocol is whole."""
    return answer.endswith(b"\n")


def http_complete(answer: bytes) -> bool:
    """Whether an HTTP answer with a length is whole."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line[15:])
    return body.endswith(b"0\r\n\r\n")


def load(
    port: int, clients: int, seconds: float, request: Request, complete: Complete, good: tuple[bytes, ...]
) -> Measured:
    """Load one port for so long; `request(client, number)` makes the bytes, an answer begins with one of `good`."""
    selector = selectors.DefaultSelector()
    measured = Measured()
    states: dict[socket.socket, list] = {}
    began = time.perf_counter()
    for client in range(clients):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        states[connection] = [client, 0, b"", time.perf_counter()]
        selector.register(connection, selectors.EVENT_READ)
        connection.sendall(request(client, 0))
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(0.5):
            state = states[key.fileobj]  # type: ignore[index]
            state[2] += key.fileobj.recv(65536)  # type: ignore[union-attr]
            if not complete(state[2]):
                continue
            now = time.perf_counter()
            if state[2].startswith(good):
                measured.latencies_s.append(now - state[3])
            else:
                measured.failures += 1
                measured.example = state[2]
            state[1] += 1
            state[2], state[3] = b"", now
            key.fileobj.sendall(request(state[0], state[1]))  # type: ignore[union-attr]
    measured.seconds = time.perf_counter() - began
    for connection in states:
        connection.close()
    return measured

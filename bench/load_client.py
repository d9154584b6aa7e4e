"""A load generator: many connections, one request at a time on each, bytes prepared beforehand.

It only reads as much of an answer as it takes to find its end, so that one core of client drives one core of server.
"""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

RECEIVE_BYTES = 1 << 18


@dataclass
class Outcome:
    """What a run of load gave: answers, those that were no 2xx, seconds of each answer, and of the whole."""

    answers: int = 0
    failures: int = 0
    first_failure: bytes = b""
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        """The latency in milliseconds that `share` of the answers stayed under."""
        ordered = sorted(self.latencies_s)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 if ordered else 0.0


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.began = 0.0

    def send(self, request: bytes) -> None:
        self.buffer = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)


def answer_end(data: bytes) -> int:
    """Where the answer at the start of `data` ends, -1 where it is not complete."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return -1
    lower = data[:head].lower()
    at = lower.find(b"content-length:")
    if at >= 0:
        stop = lower.find(b"\r\n", at)
        end = head + 4 + int(lower[at + 15 : stop if stop >= 0 else head])
        return end if len(data) >= end else -1
    if b"transfer-encoding: chunked" in lower:
        end = data.find(b"0\r\n\r\n", head + 4)
        while end >= 0 and data[end - 2 : end] != b"\r\n":
            end = data.find(b"0\r\n\r\n", end + 1)
        return end + 5 if end >= 0 else -1
    return head + 4


def run(port: int, requests: Callable[[int], bytes], *, connections: int, seconds: float, count: int = 0) -> Outcome:
    """Send `requests(0)`, `requests(1)`, … until time is up, or `count` are answered."""
    outcome = Outcome()
    number = 0
    begun = time.perf_counter()
    open_now = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            if count and number >= count:
                break
            connection = _Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(requests(number))
            number += 1
            open_now += 1
        while open_now:
            for key, _ in selector.select(30):
                connection = key.data
                connection.buffer += connection.socket.recv(RECEIVE_BYTES)
                if answer_end(connection.buffer) < 0:
                    continue
                now = time.perf_counter()
                outcome.answers += 1
                outcome.latencies_s.append(now - connection.began)
                if connection.buffer[9:10] != b"2":
                    outcome.failures += 1
                    outcome.first_failure = outcome.first_failure or connection.buffer
                if (count and number >= count) or (not count and now - begun >= seconds):
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    open_now -= 1
                else:
                    connection.send(requests(number))
                    number += 1
    outcome.seconds = time.perf_counter() - begun
    return outcome

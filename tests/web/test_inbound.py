"""Requests read from bytes: the same at any chunking, whatever the bytes are."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from pbe.web.inbound import Inbound
from pbe.web.limits import Limits
from pbe.web.refusal import Refusal
from pbe.web.request import Request

NAMES = st.sampled_from(["a", "B-c", "x-y", "Accept"])
VALUES = st.sampled_from(["", "1", "é", "a, b", "x" * 50])
BODIES = st.binary(max_size=60)


def request(method: str, headers: list[tuple[str, str]], body: bytes, framing: str, cut: int) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} /p?q=1 HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in headers)]
    sent = b""
    if framing == "chunks":
        lines.append("Transfer-Encoding: chunked")
        for at in range(0, len(body), cut):
            piece = body[at : at + cut]
            sent += b"%x\r\n%b\r\n" % (len(piece), piece)
        sent += b"0\r\n\r\n"
    elif framing == "length":
        lines.append(f"Content-Length: {len(body)}")
        sent = body
    if framing == "upgrade":
        lines += ["Connection: Upgrade", "Upgrade: h2c"]
    return "\r\n".join([*lines, "", ""]).encode() + sent


REQUESTS = st.lists(
    st.builds(
        request,
        st.sampled_from(["GET", "POST", "DELETE"]),
        st.lists(st.tuples(NAMES, VALUES), max_size=4),
        BODIES,
        st.sampled_from(["none", "length", "chunks", "upgrade"]),
        st.integers(1, 20),
    ),
    max_size=5,
)


def read(data: bytes, step: int) -> list[Any]:
    """Every request with its body, and the refusal, if there is one."""
    inbound = Inbound(Limits(head_bytes_max=2000), peer="127.0.0.1", local=True, secure=False)
    found: list[Any] = []

    def drain() -> None:
        while inbound.ready:
            found.append(inbound.ready.popleft())
            inbound.go_on()

    for at in range(0, len(data), step):
        inbound.feed(data[at : at + step])
        drain()
    return [summary(one) for one in found]


def summary(one: Request | Refusal) -> Any:
    """What matters of a request or a refusal."""
    if isinstance(one, Refusal):
        return one
    results: list[Any] = []
    reading = Deferred.fromCoroutine(one.body(10**6))
    reading.addCallbacks(results.append, lambda failure: results.append(failure.value.message))
    body = results[0] if results else "unfinished"
    return (one.method, one.target, one.headers.raw, body, one.keep_alive)


@given(REQUESTS, st.integers(1, 30))
def test_requests_are_the_same_at_any_chunking(requests: list[bytes], step: int) -> None:
    """A pipeline of requests, whole or in pieces."""
    data = b"".join(requests)
    whole = read(data, max(len(data), 1))
    assert len(whole) == len(requests)
    assert read(data, step) == whole


@given(REQUESTS, st.binary(max_size=80), st.integers(1, 30))
def test_garbage_behind_requests_spoils_none_of_them(requests: list[bytes], garbage: bytes, step: int) -> None:
    """What was complete before it stays as it was, and nothing is raised."""
    data = b"".join(requests)
    whole = read(data, max(len(data), 1))
    assert read(data + garbage, step)[: len(whole)] == whole


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_requests_or_a_refusal(data: bytes, step: int) -> None:
    """Nothing is raised, and a refusal is the last word."""
    found = read(data, step)
    assert all(not isinstance(one, Refusal) for one in found[:-1])

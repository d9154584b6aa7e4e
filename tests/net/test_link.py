"""Links between two peers: calls, watches, posts, and what a bad peer costs."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import BadRequest, NetError, NotFound, PbeError, StoreError, Unavailable
from pbe.net.handlers import Emit, Handlers, Peer
from pbe.net.link_limits import LinkLimits
from pbe.wire import frame, kinds, message
from tests.kit.link_pair import LinkPair


def start(coroutine: Any) -> list[Any]:
    """The result or the error of a coroutine, once it is there."""
    results: list[Any] = []
    Deferred.fromCoroutine(coroutine).addCallbacks(results.append, lambda failure: results.append(failure.value))
    return results


def offers() -> Handlers:
    """Methods that answer, refuse, wait for ever, and answer what cannot be sent."""
    handlers = Handlers()

    async def double(peer: Peer, body: Any) -> Any:
        return body * 2

    async def refuse(peer: Peer, body: Any) -> Any:
        raise BadRequest("no", {"field": {"code": "c"}}, cause="why")

    async def fail(peer: Peer, body: Any) -> Any:
        raise StoreError("put", "key", hint="the bucket is gone")

    async def wait(peer: Peer, body: Any) -> Any:
        return await Deferred()

    async def huge(peer: Peer, body: Any) -> Any:
        return b"x" * 9_000_000

    for name, method in {"double": double, "refuse": refuse, "fail": fail, "wait": wait, "huge": huge}.items():
        handlers.method(name, method)
    return handlers


def test_calls_go_both_ways_at_any_chunking() -> None:
    """Answers find their questions, also when the peers ask each other at once."""
    pair = LinkPair(offers(), offers())
    there = [start(pair.dialler.link.call("double", n, 1.0)) for n in range(5)]
    back = start(pair.listener.link.call("double", "ab", 1.0))
    pair.carry(step=1)
    assert there == [[0], [2], [4], [6], [8]]
    assert back == ["abab"]


def test_errors_cross_the_link_as_themselves() -> None:
    """A client's error keeps its words and data, an operator's its hint, an unknown method is named."""
    pair = LinkPair(offers())
    refused = start(pair.dialler.link.call("refuse", None, 1.0))
    failed = start(pair.dialler.link.call("fail", None, 1.0))
    missing = start(pair.dialler.link.call("nosuch", None, 1.0))
    huge = start(pair.dialler.link.call("huge", None, 1.0))
    pair.carry()
    assert isinstance(refused[0], BadRequest)
    assert (refused[0].message, refused[0].data, refused[0].cause) == ("No.", {"field": {"code": "c"}}, "why")
    assert isinstance(failed[0], StoreError)
    assert "bucket is gone" in str(failed[0])
    assert isinstance(missing[0], NotFound)
    assert isinstance(huge[0], NetError)
    assert pair.dialler.link.is_open


def test_a_call_ends_at_its_deadline_on_both_sides() -> None:
    """The caller gets NetError, the method is cancelled there, the link stays."""
    pair = LinkPair(offers())
    late = start(pair.dialler.link.call("wait", None, 2.0))
    pair.later(3)
    assert isinstance(late[0], NetError)
    assert start(pair.dialler.link.call("double", 1, 1.0)) == []
    pair.carry()
    assert pair.dialler.link.is_open


def test_a_broken_link_fails_what_waits_in_it() -> None:
    """Calls and watches learn of the end, once."""
    pair = LinkPair(offers())
    waiting = start(pair.dialler.link.call("wait", None, 60.0))
    pair.carry()
    pair.listener.link.abort("gone")
    pair.carry()
    assert isinstance(waiting[0], NetError)
    assert len(pair.dialler.closed) == len(pair.listener.closed) == 1
    assert isinstance(start(pair.dialler.link.call("double", 1, 1.0))[0], NetError)


def test_too_many_calls_at_once_are_refused() -> None:
    """The one past the limit gets Unavailable, the others run on."""
    pair = LinkPair(offers(), limits=LinkLimits(calls_max=2))
    results = [start(pair.dialler.link.call("wait", None, 60.0)) for _ in range(3)]
    pair.carry()
    assert results[:2] == [[], []]
    assert isinstance(results[2][0], Unavailable)


class Log:
    """A source with a history of ten events."""

    def __init__(self) -> None:
        self.emits: list[Emit] = []
        self.stopped = 0

    def source(self, revision: int, emit: Emit) -> Any:
        """Everything after `revision`, then live."""
        if revision < 0:
            raise Unavailable
        for number in range(revision + 1, 11):
            emit(number, f"event {number}")
        self.emits.append(emit)

        def stop() -> None:
            self.stopped += 1

        return stop


def watched() -> tuple[LinkPair, Log]:
    """A pair whose listener offers a log."""
    log = Log()
    handlers = Handlers()
    handlers.source("log", log.source)
    return LinkPair(handlers), log


def test_a_watch_gets_what_it_missed_and_what_comes() -> None:
    """Events come once, in order, until it is stopped, which the source learns."""
    pair, log = watched()
    seen: list[tuple[int, Any]] = []
    stop = pair.dialler.link.subscribe("log", 8, lambda revision, body: seen.append((revision, body)), lambda _: None)
    pair.carry(step=1)
    log.emits[0](11, "new")
    pair.carry()
    assert seen == [(9, "event 9"), (10, "event 10"), (11, "new")]
    stop()
    pair.carry()
    log.emits[0](12, "late")
    pair.carry()
    assert len(seen) == 3
    assert log.stopped == 1


def test_a_watch_that_is_refused_says_why() -> None:
    """An unknown topic, and a source that cannot serve now."""
    pair, _ = watched()
    ended: list[PbeError] = []
    pair.dialler.link.subscribe("nosuch", 0, lambda *_: None, ended.append)
    pair.dialler.link.subscribe("log", -1, lambda *_: None, ended.append)
    pair.carry()
    assert [type(error) for error in ended] == [NotFound, Unavailable]


def test_a_watcher_that_does_not_read_is_dropped() -> None:
    """Events do not pile up for it without end, and others are not held back."""
    log = Log()
    handlers = Handlers()
    handlers.source("log", log.source)
    pair = LinkPair(handlers, limits=LinkLimits(outgoing_bytes_max=10_000))
    ended: list[PbeError] = []
    pair.dialler.link.subscribe("log", 10, lambda *_: None, ended.append)
    pair.carry()
    pair.listener.link.pauseProducing()
    for number in range(20):
        log.emits[0](number, "x" * 1000)
    assert pair.listener.transport.disconnecting
    pair.listener.link.connectionLost()
    assert log.stopped == 1


def test_posts_arrive_in_order_and_are_dropped_when_nobody_reads() -> None:
    """A post has no answer; a congested link says so."""
    got: list[bytes] = []
    handlers = Handlers()
    handlers.post(b"raft", lambda peer, data: got.append(data))
    pair = LinkPair(handlers, limits=LinkLimits(posts_bytes_max=100))
    assert pair.dialler.link.post(b"raft", b"one")
    assert pair.dialler.link.post(b"raft", b"two")
    assert pair.dialler.link.post(b"nobody", b"x")
    pair.carry(step=1)
    assert got == [b"one", b"two"]
    pair.dialler.link.pauseProducing()
    assert pair.dialler.link.post(b"raft", b"x" * 200)
    assert not pair.dialler.link.post(b"raft", b"y")
    pair.dialler.link.resumeProducing()
    assert pair.dialler.link.post(b"raft", b"z")


def test_silence_is_pinged_and_then_ends_the_link() -> None:
    """Two live peers stay for an hour; a dead one is dropped after the limit."""
    pair = LinkPair(offers())
    pair.later(120)
    assert pair.dialler.link.is_open
    for _ in range(25):
        pair.clock.advance(1.0)
    assert not pair.dialler.link.is_open
    assert pair.dialler.transport.disconnecting


def test_a_peer_that_never_greets_is_dropped() -> None:
    """The greeting has its time."""
    pair = LinkPair(secret=b"another secret, just as long ...")
    assert not pair.dialler.link.is_open
    assert not pair.listener.link.is_open
    silent = LinkPair()
    silent.listener.link.connectionLost()
    assert silent.listener.closed


BAD_FRAMES = {
    "garbage": b"\xff" * 64,
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a frame over the limit": b"\xff\xff\xff\xff\x01\x03\0\0\0\1\0\0\0\0",
    "another version": frame.encode(3, 1, b"x")[:4] + b"\2" + frame.encode(3, 1, b"x")[5:],
    "a wrong checksum": frame.encode(3, 1, b"x")[:-1] + b"y",
    "an unknown kind": frame.encode(99, 1, b""),
    "a second hello": frame.encode(kinds.HELLO, 0, b"x"),
    "a call that is no array": frame.encode(kinds.CALL, 1, b"\xc0"),
    "a call of wrong types": frame.encode(kinds.CALL, 1, message.encode([1, "x"])),
    "a call cut off": frame.encode(kinds.CALL, 1, message.encode(["m", 1000, "abc"])[:-2]),
    "a call on no stream": frame.encode(kinds.CALL, 0, message.encode(["wait", 1000])),
    "a stream opened twice": frame.encode(kinds.CALL, 1, message.encode(["wait", 9000, None])) * 2,
    "a watch of wrong types": frame.encode(kinds.WATCH, 1, message.encode(["log", "x"])),
    "a post cut off": frame.encode(kinds.POST, 0, b"\x05abc"),
    "an empty post": frame.encode(kinds.POST, 0, b""),
    "nested without end": frame.encode(kinds.CALL, 1, b"\x93\xa1m\x01" + b"\x91" * 100_000),
    "a map as wide as the sea": frame.encode(kinds.CALL, 1, b"\x93\xa1m\x01\xdf\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("name", BAD_FRAMES)
def test_a_bad_frame_costs_its_connection_only(name: str, step: int) -> None:
    """The link is dropped, what it ran is cancelled, nothing escapes."""
    pair = LinkPair(offers())
    data = BAD_FRAMES[name]
    step = step if len(data) < 1000 else 0
    for at in range(0, len(data), step or len(data)):
        pair.listener.link.dataReceived(data[at : at + (step or len(data))])
    assert pair.listener.transport.disconnecting
    assert not pair.listener.link.is_open
    pair.carry()
    assert len(pair.listener.closed) == 1


def test_answers_nobody_asked_for_are_ignored() -> None:
    """A reply, a fault, an event and a cancel on unknown streams do nothing: they may be late."""
    pair = LinkPair(offers())
    late = frame.encode(kinds.REPLY, 9, b"\xc0") + frame.encode(kinds.EVENT, 9, message.encode([1, None]))
    late += frame.encode(kinds.FAULT, 9, message.encode(["NotFound", "m"])) + frame.encode(kinds.CANCEL, 9, b"")
    pair.listener.link.dataReceived(late)
    assert pair.listener.link.is_open

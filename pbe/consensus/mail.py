"""What comes from the other members, sorted by channel, and questions to the leader."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pbe.consensus.driver import Driver
from pbe.consensus.outbox import Outbox
from pbe.consensus.snapshots import Arrivals, Departures
from pbe.consensus.transport import Channel
from pbe.errors import BadRequest, NotFound, OutcomeUnknown, PeerError, RequestError, Unavailable
from pbe.raft import Kind, Message, codec

CALLS_WAITING_MAX = 10_000
RELAYED = frozenset({"raft.add"})
"""Questions that a member passes on to the leader: who joins does not know it yet. Repeated, they do no harm."""
RELAY_TIMEOUT_S = 30.0
_encode = msgspec.msgpack.Encoder().encode
_items = msgspec.msgpack.Decoder(list[bytes]).decode
_call = msgspec.msgpack.Decoder(tuple[int, str, Any]).decode
_answer = msgspec.msgpack.Decoder(tuple[int, str, Any]).decode
_REFUSALS: dict[str, type[RequestError]] = {
    kind.__name__: kind for kind in (BadRequest, NotFound, Unavailable, OutcomeUnknown)
}
Handler = Callable[[Any], Awaitable[Any]]


class Mail:
    """The listener of the transport. `on_forward(items)` hands commands to the core and says why not ("" = taken)."""

    def __init__(
        self,
        driver: Driver,
        outbox: Outbox,
        arrivals: Arrivals,
        departures: Departures,
        *,
        clock: IReactorTime,
        stagger_s: float,
    ) -> None:
        self._driver, self._outbox = driver, outbox
        self._arrivals, self._departures = arrivals, departures
        self._clock, self._stagger_s = clock, stagger_s
        self._number = 0
        self._calls: dict[int, tuple[Deferred[Any], IDelayedCall]] = {}
        self._hint: IDelayedCall | None = None
        self.handlers: dict[str, Handler] = {}
        self.join_address = ""
        self.on_forward: Callable[[Sequence[bytes]], str] = lambda items: "not_leader"
        self.on_refused: Callable[[], None] = lambda: None

    # From the transport

    def received(self, member: str, parcels: Sequence[bytes]) -> None:
        """Take all parcels in, then pump once. Raises PeerError for garbage, which costs the link."""
        if self._driver.broken:
            return
        try:
            for parcel in parcels:
                self._sort(member, parcel)
        except PeerError:
            raise
        except Exception:
            self._driver.fail()
        finally:
            self._driver.pump()

    def _sort(self, member: str, parcel: bytes) -> None:
        channel, body = parcel[0] if parcel else 0, memoryview(parcel)[1:]
        if channel == Channel.RAFT:
            self._raft(member, codec.decode(body))
        elif channel == Channel.PIECE:
            self._outbox.add(member, Channel.PIECE_ACK, [self._arrivals.piece(bytes(body))])
        elif channel == Channel.PIECE_ACK:
            self._departures.ack(member, bytes(body), self._driver.core)
        else:
            self._letter(member, channel, body)

    def _letter(self, member: str, channel: int, body: Any) -> None:
        try:
            if channel == Channel.FORWARD:
                self._forwarded(member, _items(body))
            elif channel == Channel.REFUSED:
                self.on_refused()
            elif channel == Channel.CALL:
                self._called(member, *_call(body))
            elif channel == Channel.ANSWER:
                self._answered(*_answer(body))
            else:
                raise PeerError("read", "parcel", hint=f"unknown channel {channel}")
        except codec.UNREADABLE as error:
            raise PeerError("read", "parcel", hint=str(error)) from error

    def _raft(self, member: str, message: Message) -> None:
        core = self._driver.core
        if message.sender != member or message.to != core.state.id:
            raise PeerError(
                "read", "raft message", hint=f"{message.sender} to {message.to} came over the link of {member}"
            )
        meta = message.snapshot
        news = message.kind == Kind.SNAPSHOT and meta is not None and meta.index > core.log.committed
        if news and meta is not None:
            if not self._arrivals.ready(meta):
                return
            self._arrivals.hold(meta)
        core.step(message)

    def connected(self, member: str) -> None:
        """A link is there; a member that is in no configuration yet asks it to be taken in."""
        self.ask_to_join(member)

    def ask_to_join(self, member: str) -> None:
        """Ask the member to have this one taken in, if it has an address to be found at and is in no cluster yet."""
        if self.join_address and not self._driver.core.config.members and not self._driver.broken:
            payload = {"id": self._driver.core.state.id, "address": self.join_address}
            self.send(member, Channel.CALL, _encode([0, "raft.add", payload]))
            self._driver.pump_soon()

    def closed(self, member: str) -> None:
        """The member's process has closed the link: when it led, campaign soon, the first voters in the list first."""
        core = self._driver.core
        core.unreachable(member)
        if member != core.leader or self._driver.broken:
            return
        core.forget_leader()
        others = [voter for voter in core.config.voters if voter != member]
        if core.state.id in others and self._hint is None:
            delay = self._stagger_s * others.index(core.state.id)
            self._hint = self._clock.callLater(delay, self._succeed, core.term)

    def _succeed(self, term: int) -> None:
        self._hint = None
        core = self._driver.core
        if not core.leader and core.term == term and not self._driver.broken:
            core.campaign()
            self._driver.pump()

    # Commands for the leader

    def send(self, member: str, channel: Channel, body: bytes) -> None:
        """Put a parcel into this turn's list for the member."""
        self._outbox.add(member, channel, [body])

    def _forwarded(self, member: str, items: Sequence[bytes]) -> None:
        refused = self.on_forward(items)
        if not refused:
            self._driver.announce_at = self._driver.core.log.last
        else:
            self.send(member, Channel.REFUSED, _encode([refused]))

    # Questions to the leader

    async def ask_leader(self, method: str, payload: Any, timeout_s: float) -> Any:
        """The answer of the handler at the leader; its refusals are raised here as they were there."""
        core = self._driver.core
        if core.is_leader:
            return await self._handle(method, payload)
        if not core.leader or len(self._calls) >= CALLS_WAITING_MAX:
            raise Unavailable("There is no leader now", cause=method)
        self._number += 1
        number, waiting = self._number, Deferred()  # type: tuple[int, Deferred[Any]]
        call = self._clock.callLater(timeout_s, self._give_up, number, method)
        self._calls[number] = (waiting, call)
        self.send(core.leader, Channel.CALL, _encode([number, method, payload]))
        self._driver.pump_soon()
        return await waiting

    def _give_up(self, number: int, method: str) -> None:
        waiting, _ = self._calls.pop(number)
        waiting.errback(OutcomeUnknown(cause=f"{method}: the leader did not answer"))

    async def _handle(self, method: str, payload: Any) -> Any:
        handler = self.handlers.get(method)
        if handler is None:
            raise NotFound(cause=method)
        return await handler(payload)

    def _called(self, member: str, number: int, method: str, payload: Any) -> None:
        if not self._driver.core.is_leader and method not in RELAYED:
            self._answer(member, number, "Unavailable", "There is no leader here")
            return
        asking = self.ask_leader(method, payload, RELAY_TIMEOUT_S)
        answer = Deferred.fromCoroutine(asking)
        answer.addCallbacks(
            lambda result: self._answer(member, number, "", result),
            lambda failure: self._answer(member, number, *_refusal(failure.value)),
        )

    def _answer(self, member: str, number: int, refusal: str, payload: Any) -> None:
        self.send(member, Channel.ANSWER, _encode([number, refusal, payload]))
        self._driver.pump_soon()

    def _answered(self, number: int, refusal: str, payload: Any) -> None:
        waiting, call = self._calls.pop(number, (None, None))
        if waiting is None or call is None:
            return
        call.cancel()
        if refusal:
            waiting.errback(_REFUSALS.get(refusal, Unavailable)(str(payload)))
        else:
            waiting.callback(payload)

    def close(self) -> None:
        """Fail what waits."""
        if self._hint is not None:
            self._hint.cancel()
            self._hint = None
        for waiting, call in list(self._calls.values()):
            call.cancel()
            waiting.errback(Unavailable("This member is stopping"))
        self._calls.clear()


def _refusal(error: BaseException) -> tuple[str, str]:
    if isinstance(error, RequestError):
        return type(error).__name__, error.message
    return "Unavailable", "The leader could not answer"

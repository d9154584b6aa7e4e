"""The dialling side of links: one open link to one of several addresses, made again whenever it breaks.

Theory of operation.

    stopped → dialling an address → greeting → open → (closed) → waiting, twice as long each time → dialling the next
"""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IProtocol, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.errors import Misuse, Unavailable
from pbe.net.handlers import Handlers
from pbe.net.link import Link
from pbe.net.link_limits import LinkLimits
from pbe.net.upgrade import UpgradeDialler
from pbe.net.watch import Watch
from pbe.wire.handshake import NONCE_BYTES, SECRET_BYTES_MIN, Handshake

RETRY_MS_MIN = 100
RETRY_MS_MAX = 5000
_log = Logger()


class LinkClient:
    """A lasting link to whichever of `addresses` answers.

    endpoint: address ("host:port") to a client endpoint, where TLS belongs; upgrade: ask by HTTP first, as the HTTP
    port wants it. Calls wait for the link within their deadline; watches resume by their last revision.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        endpoint: Callable[[str], IStreamClientEndpoint],
        handlers: Handlers,
        *,
        secret: bytes,
        name: str,
        role: str,
        clock: IReactorTime,
        random_bytes: Callable[[int], bytes],
        limits: LinkLimits | None = None,
        upgrade: bool = True,
    ) -> None:
        if len(secret) < SECRET_BYTES_MIN:
            raise Misuse("open a link", hint=f"a cluster secret has at least {SECRET_BYTES_MIN} bytes")
        self.addresses = list(addresses)
        self.on_open: list[Callable[[Link], None]] = []
        self._endpoint = endpoint
        self._handlers = handlers
        self._secret = secret
        self._name = name
        self._role = role
        self._clock = clock
        self._random_bytes = random_bytes
        self._limits = limits or LinkLimits()
        self._upgrade = upgrade
        self._link: Link | None = None
        self._dialling: Deferred[Any] | None = None
        self._retry: IDelayedCall | None = None
        self._retry_ms = RETRY_MS_MIN
        self._at = 0
        self._running = False
        self._waiters: list[Deferred[None]] = []
        self._watches: list[Watch] = []

    @property
    def link(self) -> Link | None:
        """The open link, None while there is none."""
        return self._link if self._link is not None and self._link.is_open else None

    def start(self) -> None:
        """Begin to dial."""
        if not self._running:
            self._running = True
            self._dial()

    def stop(self) -> None:
        """Close the link and dial no more; waiting calls fail."""
        self._running = False
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        if self._dialling is not None:
            self._dialling.cancel()
        if self._link is not None:
            self._link.abort("we stop")
        for watch in list(self._watches):
            watch.stop()
        self._wake()

    async def call(self, method: str, body: Any, timeout_s: float) -> Any:
        """The peer's answer. `Unavailable` where no link opened in time: the method did not run then."""
        until = self._clock.seconds() + timeout_s
        while (link := self.link) is None:
            left_s = until - self._clock.seconds()
            if left_s <= 0 or not self._running:
                raise Unavailable(cause=f"no link for {method}")
            await self._wait(left_s)
        return await link.call(method, body, max(until - self._clock.seconds(), 0.001))

    def post(self, topic: bytes, data: bytes) -> bool:
        """Send without an answer; False where there is no link or it is congested."""
        link = self._link
        return link is not None and link.post(topic, data)

    def watch(self, topic: str, revision: int, listener: Callable[[int, Any], None]) -> Callable[[], None]:
        """Have `listener` called with every event after `revision`, over all links to come; the result stops it."""
        watch = Watch(topic, revision, listener, self._clock, self._watches.remove)
        self._watches.append(watch)
        if (link := self.link) is not None:
            watch.resume(link)
        return watch.stop

    def redial(self, why: str) -> None:
        """Leave the peer for the next address, because it cannot serve (it is no leader, say)."""
        if self._link is not None:
            self._link.abort(why)

    def _dial(self) -> None:
        self._retry = None
        if not self._running or not self.addresses:
            return
        address = self.addresses[self._at % len(self.addresses)]
        self._at += 1
        handshake = Handshake(
            dialled=True,
            secret=self._secret,
            name=self._name,
            role=self._role,
            nonce=self._random_bytes(NONCE_BYTES),
        )
        link = Link(
            handshake, self._handlers, self._clock, self._limits, opened=self._link_opened, closed=self._link_closed
        )
        protocol: IProtocol = UpgradeDialler(address, link) if self._upgrade else link
        self._dialling = self._endpoint(address).connect(_OneProtocol(protocol))
        self._dialling.addCallbacks(self._connected, self._dial_failed, callbackArgs=(link,), errbackArgs=(link,))

    def _connected(self, _: Any, link: Link) -> None:
        self._dialling = None
        self._link = link
        if not self._running:
            link.abort("we stop")

    def _dial_failed(self, failure: Failure, link: Link) -> None:
        self._dialling = None
        link.never_connected()
        if not isinstance(failure.value, CancelledError):
            self._later(failure.getErrorMessage())

    def _link_opened(self, link: Link) -> None:
        self._link = link
        self._retry_ms = RETRY_MS_MIN
        for watch in list(self._watches):
            watch.resume(link)
        for listener in self.on_open:
            listener(link)
        self._wake()

    def _link_closed(self, link: Link, why: str) -> None:
        if self._link is link:
            self._link = None
        self._later(why)

    def _later(self, why: str) -> None:
        if not self._running or self._retry is not None:
            return
        jitter = 0.5 + self._random_bytes(1)[0] / 512
        _log.debug("no link: {why}", why=why)
        self._retry = self._clock.callLater(self._retry_ms * jitter / 1000, self._dial)
        self._retry_ms = min(self._retry_ms * 2, RETRY_MS_MAX)

    async def _wait(self, timeout_s: float) -> None:
        waiter: Deferred[None] = Deferred()
        self._waiters.append(waiter)
        timer = self._clock.callLater(timeout_s, self._wake_one, waiter)
        try:
            await waiter
        finally:
            if timer.active():
                timer.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake_one(self, waiter: Deferred[None]) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            waiter.callback(None)

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(None)


class _OneProtocol(Factory):
    """A factory of the one protocol it was given."""

    noisy = False

    def __init__(self, protocol: IProtocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: Any) -> Any:
        """That protocol."""
        return self._protocol

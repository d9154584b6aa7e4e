"""An answer whose body comes piece by piece: pulled from an iterator, or pushed by its owner."""

from collections.abc import AsyncIterable
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from pbe.web.driver import drive
from pbe.web.response import PushBody

_log = Logger()


class Outlet(Protocol):
    """What an answer needs of its connection."""

    transport: Any

    def send(self, data: bytes) -> bool:
        """Send; False while the client reads slowly."""

    def answered(self, *, keep: bool) -> None:
        """The answer is complete; without `keep` the connection closes."""

    def broken(self) -> None:
        """The answer cannot be completed: drop the connection."""


class StreamedAnswer:
    """One body on its way out; a `Sink` for the body that pushes.

    length: what the head promised, None for chunks or until the close. More or less than promised drops the connection.
    """

    def __init__(self, outlet: Outlet, *, chunked: bool, length: int | None, keep: bool, silent: bool) -> None:
        self._outlet = outlet
        self._chunked = chunked
        self._length = length
        self._keep = keep
        self._silent = silent  # HEAD: the body is asked for nothing
        self._sent = 0
        self._over = False
        self._flow: Deferred[None] | None = None
        self._task: Deferred[None] | None = None
        self._push: PushBody | None = None

    def start(self, body: "AsyncIterable[bytes] | PushBody") -> None:
        """Begin to send `body`; the head is sent."""
        if isinstance(body, PushBody):
            self._push = body
            body.start(self)
        else:
            self._task = drive(self._pump(body), self._pumped, self._failed)

    def write(self, data: bytes) -> bool:
        """Send a piece; False when the client reads slowly."""
        if self._over or not data or self._silent:
            return not self._over
        self._sent += len(data)
        if self._length is not None and self._sent > self._length:
            self.abort()
            return False
        return self._outlet.send(frame(data) if self._chunked else data)

    def finish(self) -> None:
        """The body is complete."""
        if self._over:
            return
        if self._length is not None and self._sent != self._length and not self._silent:
            self.abort()
            return
        self._over = True
        if self._chunked and not self._silent:
            self._outlet.send(b"0\r\n\r\n")
        self._outlet.answered(keep=self._keep)

    def plain(self) -> tuple[Any, bool] | None:
        """The connection under the body, and whether it is chunked; None for a body whose length was promised."""
        return None if self._length is not None or self._silent else (self._outlet.transport, self._chunked)

    def abort(self) -> None:
        """The body cannot be completed."""
        if not self._over:
            self._over = True
            self._outlet.broken()

    def resumed(self) -> None:
        """The client caught up."""
        if self._push is not None:
            self._push.resumed()
        elif self._flow is not None:
            flow, self._flow = self._flow, None
            flow.callback(None)

    def stopped(self) -> None:
        """The client is gone."""
        if self._over:
            return
        self._over = True
        if self._push is not None:
            self._push.stopped()
        elif self._task is not None:
            self._task.cancel()

    async def _pump(self, body: AsyncIterable[bytes]) -> None:
        async for piece in body:
            if self._over:
                return
            if not self.write(piece) and not self._over:
                self._flow = Deferred()
                await self._flow

    def _pumped(self, _: None) -> None:
        self.finish()

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, CancelledError):
            _log.error("an answer broke off: {error!r}", error=error)
        self.abort()


def frame(data: bytes) -> bytes:
    """`data` as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)

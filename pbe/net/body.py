"""The body of an HTTP message on its way from a connection to its reader, bounded on the way."""

from collections import deque
from collections.abc import AsyncIterator, Callable

from twisted.internet.defer import Deferred

from pbe.errors import Misuse, PayloadTooLarge, PbeError

BUFFER_BYTES_MAX = 256 * 1024


class Body:
    """Chunks that arrived and were not read yet.

    The connection calls `feed`, `finish` and `fail`; one reader at a time awaits `read`. While more than
    BUFFER_BYTES_MAX wait, `full` is true and the connection stops reading from its peer.
    """

    __slots__ = (
        "_abandoned",
        "_chunks",
        "_error",
        "_waiter",
        "_whole",
        "buffered",
        "complete",
        "length",
        "received",
        "wanted",
    )

    def __init__(self, length: int | None) -> None:
        self.length = length  # what Content-Length announced, None for chunked
        self.received = 0
        self.buffered = 0
        self.complete = length == 0
        self.wanted: Callable[[], None] | None = None  # told when a reader waits or room was made
        self._chunks: deque[bytes] = deque()
        self._waiter: Deferred[None] | None = None
        self._error: PbeError | None = None
        self._abandoned = False
        self._whole: bytes | None = b"" if length == 0 else None

    @property
    def full(self) -> bool:
        """Whether the connection should stop reading."""
        return self.buffered > BUFFER_BYTES_MAX

    def feed(self, data: bytes) -> None:
        """Take a piece from the connection."""
        self.received += len(data)
        if self._abandoned:
            return
        self._chunks.append(data)
        self.buffered += len(data)
        self._wake()

    def finish(self) -> None:
        """The body ended as announced."""
        self.complete = True
        self._wake()

    def fail(self, error: PbeError) -> None:
        """The body will not come: readers get `error` once what arrived is read."""
        if not self.complete:
            self._error = error
            self._wake()

    def abandon(self) -> None:
        """Nobody will read the rest: what is still to come is dropped."""
        self._abandoned = True
        self._chunks.clear()
        self.buffered = 0
        self.wanted = None

    async def read(self) -> bytes:
        """The next piece, b"" at the end. Raises what `fail` was given."""
        while not self._chunks:
            if self.complete:
                return b""
            if self._error is not None:
                raise self._error
            await self._wait()
        data = self._chunks.popleft()
        was_full = self.full
        self.buffered -= len(data)
        if was_full and not self.full and self.wanted is not None:
            self.wanted()
        return data

    async def whole(self, limit_bytes: int) -> bytes:
        """All of it, at most `limit_bytes`; may be asked again and answers the same."""
        if self._whole is None:
            if self.length is not None and self.length > limit_bytes:
                raise PayloadTooLarge
            self._whole = await self._collect(limit_bytes)
        if len(self._whole) > limit_bytes:
            raise PayloadTooLarge
        return self._whole

    async def pieces(self) -> AsyncIterator[bytes]:
        """The pieces as they arrive; the connection is slowed to the reader's pace."""
        if self._whole is not None:
            if self._whole:
                yield self._whole
            return
        while data := await self.read():
            yield data

    async def _collect(self, limit_bytes: int) -> bytes:
        parts: list[bytes] = []
        total = 0
        while data := await self.read():
            total += len(data)
            if total > limit_bytes:
                raise PayloadTooLarge
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise Misuse("read a body", hint="two readers at once")
        waiter = self._waiter = Deferred()
        try:
            if self.wanted is not None:
                self.wanted()
            await waiter
        finally:
            if self._waiter is waiter:
                self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.called:
            self._waiter.callback(None)

"""A server's answer: its head, and its body on the way."""

from collections.abc import Callable

from pbe.net.body import Body

RawHeaders = list[tuple[bytes, bytes]]


class ClientAnswer:
    """Status, headers as sent, body.

    The body must be read to its end or `close` called: until then its connection serves nobody else. `raw` is set on
    a 101: the connection has left HTTP.
    """

    __slots__ = ("_abandon", "body", "headers", "status")

    def __init__(self, status: int, headers: RawHeaders, body: Body, abandon: Callable[[], None]) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self._abandon = abandon

    def header(self, name: bytes) -> bytes | None:
        """The first value of the lower-case `name`."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None

    def close(self) -> None:
        """Give up what is left of the body, and its connection with it; nothing happens once the body is complete."""
        if not self.body.complete:
            self._abandon()

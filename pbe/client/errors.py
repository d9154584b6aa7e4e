"""What can go wrong on the way to another server, told apart by whether it may have been asked."""

from pbe.errors import NetError


class NotAsked(NetError):
    """No connection: the request was not sent, another attempt is safe."""


class NoAnswer(NetError):
    """The connection ended or stayed silent before the answer's head: the request may have taken effect.

    stale: it was a kept connection that the server closed without a byte, as servers do with idle ones.
    """

    def __init__(self, operation: str, subject: str = "", *, hint: str = "", stale: bool = False) -> None:
        super().__init__(operation, subject, hint=hint)
        self.stale = stale


class BadAnswer(NetError):
    """The server's bytes are no HTTP, or its answer broke off."""

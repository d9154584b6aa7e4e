"""The body of a request on its way from the connection to the handler."""

from pbe.errors import BadRequest
from pbe.net.body import BUFFER_BYTES_MAX, Body

__all__ = ["BUFFER_BYTES_MAX", "Body", "cut_off"]


def cut_off() -> BadRequest:
    """What a reader of a body gets when the client stopped half-way."""
    return BadRequest("The request body ended before it was complete.")

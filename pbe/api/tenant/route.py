"""What a file of this package registers: one path, and what the site does before its handler runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response

BODY_BYTES_MAX = 32 * 1024 * 1024
"""The stock server's default for any request."""

Handler = Callable[[Request, Tenant], Awaitable[Response]]
Guard = Callable[[Request, Tenant], object]
BodyLimit = Callable[[Request, Tenant], int]


@dataclass(frozen=True, slots=True)
class Route:
    """A handler and its surroundings.

    guard: refuses who may not call it (see `caller`). labels: names of the action for rate limits, such as "list"; a
    route that has some needs an existing collection in its path's `{collection}`, or answers 404 with the words of
    `missing`. quiet: successes are not logged. body_bytes_max: the most a body may have, an int or a function of the
    request; 0 is no limit.
    """

    method: str
    pattern: str
    handler: Handler
    guard: Guard | None = None
    labels: tuple[str, ...] = ()
    quiet: bool = False
    missing: str = "Missing or invalid collection context."
    body_bytes_max: int | BodyLimit = BODY_BYTES_MAX

    @property
    def key(self) -> str:
        """What tells the route from every other."""
        return f"{self.method} {self.pattern}"


class Answered(Exception):
    """Raised by a handler whose answer is ready although the request failed: the answer is sent, the failure logged.

    That is how the stock server hides from a client that an account does not exist.
    """

    def __init__(self, response: Response, reason: str) -> None:
        self.response = response
        super().__init__(reason)


def limit_of(request: Request) -> int:
    """The most bytes that the body of this request may have, as its route says."""
    limit: Any = request.notes.get("body_bytes_max", BODY_BYTES_MAX)
    return int(limit)

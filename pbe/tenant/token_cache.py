"""The session tokens that a tenant verified lately, so that a request need not compute a signature."""

from dataclasses import dataclass
from typing import Any

TOKENS_MAX = 1000


@dataclass(slots=True)
class Verified:
    """A valid token's record, as read at the database's `generation`; expires: seconds since the epoch."""

    record: Any
    generation: int
    expires: float


class TokenCache:
    """At most TOKENS_MAX tokens, the oldest go. Whether an entry still holds is for `auth_token` to decide."""

    def __init__(self) -> None:
        self._entries: dict[str, Verified] = {}

    def get(self, token: str) -> Verified | None:
        """What was kept for the token."""
        return self._entries.get(token)

    def keep(self, token: str, entry: Verified) -> None:
        """Remember a token that was verified."""
        while len(self._entries) >= TOKENS_MAX:
            del self._entries[next(iter(self._entries))]
        self._entries[token] = entry

    def drop(self, token: str) -> None:
        """Forget a token."""
        self._entries.pop(token, None)

    def __len__(self) -> int:
        return len(self._entries)

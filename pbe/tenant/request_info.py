"""What rules and hooks may know of a request."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbe.tenant.record import Record

DEFAULT = "default"
EXPAND = "expand"
REALTIME = "realtime"
PROTECTED_FILE = "protectedFile"
BATCH = "batch"
OAUTH2 = "oauth2"
OTP = "otp"
PASSWORD = "password"
_SPLIT = re.compile(r"[\W_]+", re.ASCII)


@dataclass(slots=True)
class RequestInfo:
    """A request by its parts. `body` is the data sent, with modifiers resolved once the record is known."""

    context: str = DEFAULT
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    auth: "Record | None" = None

    @property
    def is_superuser(self) -> bool:
        """Whether a superuser asks."""
        return self.auth is not None and self.auth.collection.name == "_superusers"

    def within(self, context: str) -> "RequestInfo":
        """The same request in another context."""
        return replace(self, context=context)


def header_map(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first value of each header under its name in snake_case, as rules name them; Host is none of them."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = "_".join(part for part in _SPLIT.split(name.lower()) if part)
        if key and key != "host":
            found.setdefault(key, value)
    return found


SYSTEM = RequestInfo()
"""Nobody's request: for work that pbe does of its own accord and that no rule sees."""

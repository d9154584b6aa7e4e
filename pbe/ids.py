"""The identifiers of the platform and what makes one valid. Randomness is the caller's argument."""

import re
from collections.abc import Callable

RESERVED_LABELS = frozenset({"app", "admin", "api", "www"})
DOMAIN_CHARS_MAX = 253
ADMIN_TOKEN_PREFIX = "admin_"
RECORD_ID_CHARS = 15
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_FAIR = 252
_LETTER_OF = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))
_UNFAIR = bytes(range(_FAIR, 256))
_TENANT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def is_tenant_id(text: str) -> bool:
    """Whether `text` can name a tenant: it becomes a folder, an object key and often a host label."""
    return _TENANT_ID.fullmatch(text) is not None and text not in RESERVED_LABELS


def is_domain(text: str) -> bool:
    """Whether `text` is a lower-case host name of at least two labels whose first is not the platform's own."""
    if len(text) > DOMAIN_CHARS_MAX:
        return False
    labels = text.split(".")
    return (
        len(labels) >= 2
        and labels[0] not in RESERVED_LABELS
        and all(_LABEL.fullmatch(label) is not None for label in labels)
    )


def random_id(random_bytes: Callable[[int], bytes], length: int = RECORD_ID_CHARS) -> str:
    """`length` characters of a-z0-9, each equally likely; `random_bytes(n)` gives n bytes (os.urandom's shape)."""
    out = b""
    while len(out) < length:
        out += random_bytes(length).translate(_LETTER_OF, _UNFAIR)
    return out[:length].decode("ascii")

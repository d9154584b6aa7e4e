"""Random secrets, as PocketBase makes them for tokens."""

from collections.abc import Callable

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_USABLE = 256 - 256 % len(ALPHABET)


def secret_text(random_bytes: Callable[[int], bytes], chars: int) -> str:
    """`chars` letters and digits, each equally likely."""
    out: list[str] = []
    while len(out) < chars:
        out.extend(ALPHABET[byte % len(ALPHABET)] for byte in random_bytes(chars) if byte < _USABLE)
    return "".join(out[:chars])

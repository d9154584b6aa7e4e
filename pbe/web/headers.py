"""The headers of one message: an ordered list of pairs with look-up by lower-case name."""

from collections.abc import Iterator

RawHeaders = list[tuple[bytes, bytes]]


class Headers:
    """Headers as they came, names in lower case.

    Values are decoded as UTF-8 where they are valid, else as Latin-1, and never contain CR, LF or NUL.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: RawHeaders | None = None) -> None:
        self.raw: RawHeaders = raw if raw is not None else []

    def get_bytes(self, name: bytes) -> bytes | None:
        """The first value of the lower-case `name`, None where it is absent."""
        for key, value in self.raw:
            if key == name:
                return value
        return None

    def get(self, name: str, default: str = "") -> str:
        """The first value of `name` (any case), `default` where it is absent."""
        value = self.get_bytes(name.lower().encode("latin-1", "replace"))
        return default if value is None else decode_value(value)

    def get_all(self, name: str) -> list[str]:
        """All values of `name`, in the order they came."""
        wanted = name.lower().encode("latin-1", "replace")
        return [decode_value(value) for key, value in self.raw if key == wanted]

    def items(self) -> Iterator[tuple[str, str]]:
        """Every pair in order, the name in lower case."""
        for key, value in self.raw:
            yield key.decode("latin-1"), decode_value(value)

    def replace(self, name: bytes, value: bytes | None) -> None:
        """Remove every `name` (lower case) and, unless `value` is None, add it once at the end."""
        self.raw[:] = [pair for pair in self.raw if pair[0] != name]
        if value is not None:
            self.raw.append((name, value))

    def __contains__(self, name: str) -> bool:
        return self.get_bytes(name.lower().encode("latin-1", "replace")) is not None

    def __len__(self) -> int:
        return len(self.raw)

    def __repr__(self) -> str:
        return f"Headers({self.raw!r})"


def decode_value(value: bytes) -> str:
    """A header's value as text."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")

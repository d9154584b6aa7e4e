"""Files that came with a request, under the names that they are stored by."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Protocol

from pbe.ids import random_id
from pbe.tenant import mime

RandomBytes = Callable[[int], bytes]
ORIGINAL_BYTES_MAX = 300
EXTENSION_CHARS_MAX = 20
STEM_CHARS_MIN = 3
STEM_CHARS_MAX = 100
RANDOM_CHARS = 10
_NOT_EXTENSION = re.compile(r"[^\w.*\-+=#]+", re.ASCII)
_NOT_WORD = re.compile(r"[\W_]+", re.ASCII)


class Received(Protocol):
    """A file as the web layer holds it."""

    filename: str
    size: int
    head: bytes

    def read(self) -> bytes:
        """The whole content."""

    def open(self) -> IO[bytes]:
        """The content as a file at its beginning."""


class NewFile:
    """An upload: what schema validates and the file store keeps.

    name: what it is stored as, made of the client's name and a random part, safe in paths. original_name: the client's.
    """

    __slots__ = ("content_type", "name", "original_name", "received", "size")

    def __init__(self, received: Received, random_bytes: RandomBytes) -> None:
        self.received = received
        self.original_name = received.filename
        self.size = received.size
        self.content_type = mime.sniff(received.head)
        self.name = stored_name(received.filename, self.content_type, random_bytes)

    def mime_is(self, wanted: str) -> bool:
        """Whether the content is of this type."""
        return mime.same(self.content_type, wanted)

    def rename(self, random_bytes: RandomBytes) -> None:
        """Name it once more, from the name that it has: what happens to a file that passes through two forms."""
        self.original_name = self.name
        self.name = stored_name(self.name, self.content_type, random_bytes)

    def __repr__(self) -> str:
        return f"<NewFile {self.name} {self.size} bytes>"


def uploads(received: Mapping[str, Sequence[Received]], random_bytes: RandomBytes) -> dict[str, list[NewFile]]:
    """The uploads of a form, by field."""
    return {key: [NewFile(one, random_bytes) for one in files] for key, files in received.items()}


def stored_name(original: str, content_type: str, random_bytes: RandomBytes) -> str:
    """The name that a file called `original` is stored by: snake case, a random part, the extension."""
    raw = original.encode()[-ORIGINAL_BYTES_MAX:].decode("utf-8", "replace")
    extension = _extension(raw)
    clean = "." + _NOT_EXTENSION.sub("", extension).strip(".")
    if clean == ".":
        clean = mime.extension(content_type)
    if len(clean) > EXTENSION_CHARS_MAX:
        clean = "." + clean[-EXTENSION_CHARS_MAX:].strip(".")
    stem = snake_case(raw.removesuffix(extension).strip("."))
    if len(stem) < STEM_CHARS_MIN:
        stem += random_id(random_bytes, RANDOM_CHARS)
    return f"{stem[:STEM_CHARS_MAX]}_{random_id(random_bytes, RANDOM_CHARS)}{clean}"


def _extension(name: str) -> str:
    """The extension with its dot, a double one where there is one (``.tar.gz``)."""
    last = name.rfind(".")
    if last < 0:
        return ""
    before = name.rfind(".", 0, last)
    return name[before if before >= 0 else last :]


def snake_case(text: str) -> str:
    """Words of ASCII letters and digits, in lower case, with underscores between; a capital begins a word."""
    words = [_split_capitals(word) for word in _NOT_WORD.split(text) if word]
    return "_".join(words).lower()


def _split_capitals(word: str) -> str:
    out = ""
    for position, char in enumerate(word):
        if position and char.isupper() and not word[position - 1].isupper():
            out += "_"
        out += char
    return out

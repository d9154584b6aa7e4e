"""The deterministic ids of collections and fields."""

import zlib


def crc32_text(text: str) -> str:
    """The decimal IEEE CRC-32 of the text's UTF-8 bytes."""
    return str(zlib.crc32(text.encode("utf-8", "replace")))

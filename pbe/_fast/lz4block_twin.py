"""LZ4 blocks by the reference library; its blocks differ from the extension's, what they expand to does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lz4.block

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: Bytes of the largest block.
BLOCK_BYTES_MAX = 65536


def compress(data: Buffer) -> bytes:
    """`data` as one LZ4 block; ValueError for more than BLOCK_BYTES_MAX bytes."""
    plain = bytes(data)
    if len(plain) > BLOCK_BYTES_MAX:
        raise ValueError("a block has at most 65536 bytes")
    return bytes(lz4.block.compress(plain, store_size=False))


def expand(block: Buffer, size: int) -> bytes:
    """The `size` bytes that `block` stands for; ValueError where it stands for anything else."""
    if size < 0:
        raise ValueError("not an LZ4 block")
    try:
        plain = bytes(lz4.block.decompress(bytes(block), uncompressed_size=size))
    except lz4.block.LZ4BlockError as error:
        raise ValueError("not an LZ4 block of that size") from error
    if len(plain) != size:
        raise ValueError("not an LZ4 block of that size")
    return plain

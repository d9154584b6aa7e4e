"""Fingerprints of pages: what tells a changed page from an unchanged one, and sums up a database."""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


_MASK = 0xFFFFFFFFFFFFFFFF
_K0, _K1, _K2, _K3 = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F, 0xA0761D6478BD642F


def _mum(a: int, b: int) -> int:
    """Both halves of the 128-bit product, folded."""
    product = a * b
    return product & _MASK ^ product >> 64


def fingerprint(pgno: int, page: Buffer) -> int:
    """The fingerprint of one page, never 0; ValueError unless its length is a positive multiple of 32."""
    view = memoryview(page).cast("B")
    if len(view) == 0 or len(view) % 32:
        raise ValueError(f"{len(view)} bytes are no page")
    a, b = pgno ^ _K0, pgno << 32 ^ _K1
    for w0, w1, w2, w3 in struct.iter_unpack("<4Q", view):
        a = _mum(w0 ^ _K2 ^ a, w1 ^ _K3) + w0 & _MASK
        b = _mum(w2 ^ _K3 ^ b, w3 ^ _K2) + w2 & _MASK
    return _mum(a ^ _K1, b ^ _K0) or 1


def fingerprints(data: Buffer, page_size: int, pgnos: array[int], offsets: array[int]) -> array[int]:
    """array('Q') of the fingerprints of the pages at `offsets` of `data`; ValueError where one lies outside."""
    view = memoryview(data).cast("B")
    if page_size == 0 or page_size % 32 or len(pgnos) != len(offsets):
        raise ValueError("page numbers, offsets and page size do not fit")
    if any(at + page_size > len(view) for at in offsets):
        raise ValueError("a page lies outside the data")
    pairs = zip(pgnos, offsets, strict=True)
    return array("Q", [fingerprint(pgno, view[at : at + page_size]) for pgno, at in pairs])


def changed(
    pgnos: array[int], offsets: array[int], fresh: array[int], known: array[int]
) -> tuple[array[int], array[int]]:
    """(pgnos, offsets) of the pages whose fresh fingerprint is not the known one; known[n - 1] is that of page n."""
    if not len(pgnos) == len(offsets) == len(fresh):
        raise ValueError("page numbers, offsets and fingerprints do not fit")
    if 0 in pgnos:
        raise ValueError("pages count from 1")
    rows = zip(pgnos, offsets, fresh, strict=True)
    kept = [(pgno, at) for pgno, at, print_ in rows if pgno > len(known) or known[pgno - 1] != print_]
    return array("I", [pgno for pgno, _ in kept]), array("Q", [at for _, at in kept])

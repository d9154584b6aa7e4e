"""Asks a store at start whether conditional writes are conditions there: fencing stands on them."""

from __future__ import annotations

from pbe.errors import PreconditionFailed, StoreError
from pbe.objects.store import ObjectStore

PROBE_PREFIX = "probe"


class Unfit(StoreError):
    """The store ignores conditions; two nodes could overwrite each other's log."""

    recoverable = False


async def probe(store: ObjectStore, nonce: str) -> None:
    """Returns where both conditions hold. Unfit where one is ignored, StoreError where the store cannot be reached.

    nonce: makes the probe's key nobody else's. Four small requests; nothing stays behind.
    """
    key = f"{PROBE_PREFIX}/{nonce}"
    etag = await store.put(key, b"1", if_none_match=True)
    try:
        await _must_fail(store, key, "If-None-Match", if_none_match=True)
        await store.put(key, b"2", if_match=etag)
        await _must_fail(store, key, "If-Match", if_match=etag)
    finally:
        await store.delete([key])


async def _must_fail(
    store: ObjectStore, key: str, header: str, *, if_none_match: bool = False, if_match: str | None = None
) -> None:
    """Unfit unless the conditional write is refused."""
    try:
        await store.put(key, b"3", if_none_match=if_none_match, if_match=if_match)
    except PreconditionFailed:
        return
    raise Unfit(
        "probe the object store",
        hint=f"it accepts a write whose {header} does not hold; use a store that answers 412, or one node only",
    )

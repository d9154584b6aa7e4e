"""The record without pages that a new owner appends to a log: from then on the old owner's next append finds its key
taken. Stock Litestream restores over it, compacts it, and can go on from it.
"""

from __future__ import annotations

from array import array

from pbe.pages.ltx import Header, encode, trailer_checksum
from pbe.pages.wal import HEADER_BYTES
from pbe.replication.flush import Flushed, Order
from pbe.replication.keys import file_key, parse_listing, replica_prefix
from pbe.replication.lease import Fenced
from pbe.replication.replica import Replica
from pbe.replication.services import Services
from pbe.replication.uploader import Parcel

#: An old owner under load appends a few times a second; each time the fence has to go one further.
FENCE_TRIES_MAX = 50


def fence_file(page_size: int, commit: int, order: Order) -> Flushed:
    """The record; its log position is the front of a log that does not exist, so that nothing is taken for shipped."""
    header = Header(
        page_size,
        commit,
        order.txid,
        order.txid,
        order.timestamp_ms,
        wal_offset=HEADER_BYTES,
        salt1=order.epoch & 0xFFFFFFFF or 1,
        salt2=1,
        node_id=order.epoch,
    )
    data = encode(header, b"", array("I"), array("Q"))
    return Flushed(header, None, "", data=data, checksum=trailer_checksum(data))


async def append_fence(services: Services, replica: Replica, commit: int, tries_s: float) -> bool:
    """Fences right behind the replica's newest transaction; False where somebody has written there."""
    pages = replica.log.pages
    fence = fence_file(pages.page_size, commit, replica.next_order())
    total = pages.text() if pages.complete else ""
    try:
        await replica.ship(Flushed(fence.header, None, total, data=fence.data, checksum=fence.checksum), tries_s)
    except Fenced:
        return False
    return True


async def is_own_record(services: Services, replica: Replica, before: Header) -> bool:
    """Whether what took the fence's place was written under the epoch before it: by a process of this disk that died
    with the request on the wire.
    """
    txid = replica.position.txid + 1
    key = file_key(services.store.layout, replica.tenant_id, replica.name, 0, txid, txid)
    found = Header.unpack((await services.store.get(key, start=0, length=100)).data)
    return found.node_id in (before.node_id, replica.epoch)


async def fence_beyond(services: Services, replica: Replica, newest: Header, tries_s: float) -> None:
    """Fences a writer that still appends, wherever its log has got to; Fenced where that cannot be done."""
    store = services.store
    for _ in range(FENCE_TRIES_MAX):
        prefix = replica_prefix(replica.tenant_id, replica.name)
        listing = parse_listing(store.layout, replica.tenant_id, await store.list(prefix))
        last = max(listing.get(replica.name, ()), key=lambda info: info.max_txid)
        found = Header.unpack((await store.get(last.key, start=0, length=100)).data)
        if found.node_id == replica.epoch:
            return
        stamp = max(found.timestamp_ms, int(services.now() * 1000))
        fence = fence_file(found.page_size, found.commit, Order(last.max_txid + 1, stamp, replica.epoch))
        key = file_key(store.layout, replica.tenant_id, replica.name, 0, last.max_txid + 1, last.max_txid + 1)
        try:
            await services.uploader.append(Parcel(key, fence.checksum, replica.epoch, {}, fence.data), tries_s)
        except Fenced:
            continue
        return
    raise Fenced("fence a writer", replica.label, hint=f"it was faster {FENCE_TRIES_MAX} times")

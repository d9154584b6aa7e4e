"""Snapshots: the database as of a transaction, in one file of level 9.

One is made from the store's own files, not from the disk: so it can never hold what the store has not acknowledged,
no write waits for it, and making it proves that the chain restores to the checksum that was noted when it was written.
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path

from pbe._fast import ltxfile
from pbe.errors import DiskError
from pbe.objects.store import TIMESTAMP_KEY
from pbe.pages.ltx import BrokenLtx, Header, merged_header, snapshot_pages, trailer_checksum
from pbe.pages.restore_plan import SNAPSHOT_LEVEL, LtxInfo, plan_restore
from pbe.replication.flush import spare_path
from pbe.replication.keys import file_key
from pbe.replication.replica import Replica, rfc3339
from pbe.replication.restore import SUM_KEY, build
from pbe.replication.services import Services
from pbe.replication.uploader import Parcel

READ_BYTES = 1 << 20
BROKEN_SUFFIX = ".broken"


def encode_file(plain: str, target: str, header: Header) -> int:
    """Writes the snapshot of the plain database file `plain` to `target`; the file's checksum. On a worker."""
    size = header.page_size
    step = max(1, READ_BYTES // size)
    encoder = ltxfile.Encoder(front := header.pack(), size)
    try:
        with Path(plain).open("rb") as file, Path(target).open("wb") as out:
            out.write(front)
            for first in range(1, header.commit + 1, step):
                data = file.read(min(step, header.commit + 1 - first) * size)
                pgnos = snapshot_pages(size, first, first + len(data) // size - 1)
                out.write(encoder.pages(data, pgnos, array("Q", [(pgno - first) * size for pgno in pgnos])))
            tail = encoder.finish()
            out.write(tail)
    except OSError as error:
        raise DiskError("write a snapshot", target, hint=str(error)) from error
    return trailer_checksum(tail)


def as_snapshot(source: Path, target: str) -> int:
    """Writes the LTX file `source`, which has every page, as a snapshot to `target`; its checksum. On a worker."""
    decoder = ltxfile.Decoder()
    encoder: ltxfile.Encoder | None = None
    try:
        with source.open("rb") as file, Path(target).open("wb") as out:
            while chunk := file.read(READ_BYTES):
                pgnos, data = decoder.feed(chunk)
                if encoder is None:
                    own = Header.unpack(decoder.header)
                    first = Header(own.page_size, own.commit, 1, own.max_txid, own.timestamp_ms)
                    header = merged_header(first, own)
                    encoder = ltxfile.Encoder(front := header.pack(), header.page_size)
                    out.write(front)
                out.write(encoder.pages(data, pgnos, array("Q", range(0, len(data), header.page_size))))
            decoder.finish()
            if encoder is None:
                raise BrokenLtx("write a snapshot", str(source), hint="an empty file")
            tail = encoder.finish()
            out.write(tail)
    except OSError as error:
        raise DiskError("write a snapshot", target, hint=str(error)) from error
    return trailer_checksum(tail)


async def take_snapshot(services: Services, replica: Replica) -> LtxInfo:
    """Merges everything up to the newest transaction in the store into level 9. BrokenReplica where it does not sum up.

    412 is as good as success: what lies below the newest acknowledged transaction is the same whoever merges it.
    """
    plain, packed = spare_path(replica.source.path), spare_path(replica.source.path)
    try:
        chain = plan_restore(replica.files)
        built = await build(services.store, services.workers, plain, chain, services.settings)
        header = built.header
        checksum = await services.workers.run(encode_file, plain, packed, header)
        return await put_snapshot(services, replica, packed, header, built.pages.text(), checksum)
    finally:
        for name in (plain, packed):
            Path(name).unlink(missing_ok=True)


async def put_snapshot(
    services: Services, replica: Replica, packed: str, header: Header, total: str, checksum: int
) -> LtxInfo:
    """Uploads a snapshot that lies in a file."""
    key = file_key(services.store.layout, replica.tenant_id, replica.name, SNAPSHOT_LEVEL, 1, header.max_txid)
    size = os.stat(packed).st_size
    metadata = {TIMESTAMP_KEY: rfc3339(header.timestamp_ms), SUM_KEY: total}
    await services.uploader.place(Parcel(key, checksum, 0, metadata, path=Path(packed)))
    services.counters.snapshots += 1
    stored_ms = int(services.now() * 1000)
    info = LtxInfo(SNAPSHOT_LEVEL, 1, header.max_txid, size, header.timestamp_ms, key, stored_ms)
    if all(known.key != key for known in replica.files):
        replica.files.append(info)
    return info


async def heal(services: Services, replica: Replica, broken: str) -> None:
    """Replaces a chain that does not restore by what the disk has: the whole database as the next transaction, and a
    snapshot of it, from which restores begin.

    The object at fault gets a name that is no LTX file's, for whoever wants to look; moments that need it are gone.
    """
    packed = spare_path(replica.source.path)
    try:
        replica.log.pages.forget()
        flushed = await replica.log.read_whole(replica.next_order)
        if flushed.header is None or flushed.path is None:
            raise BrokenLtx("heal a replica", replica.label, hint="the database is empty")
        checksum = await services.workers.run(as_snapshot, flushed.path, packed)
        await replica.ship(flushed)
        await put_snapshot(services, replica, packed, flushed.header, flushed.sum, checksum)
        await _quarantine(services, replica, broken)
    finally:
        Path(packed).unlink(missing_ok=True)


async def _quarantine(services: Services, replica: Replica, broken: str) -> None:
    """Moves an object out of the replica, if it is one of it."""
    if any(info.key == broken for info in replica.files):
        found = await services.store.get(broken)
        await services.store.put(broken + BROKEN_SUFFIX, found.data, metadata=found.info.metadata)
        await services.store.delete([broken])
        replica.files[:] = [info for info in replica.files if info.key != broken]

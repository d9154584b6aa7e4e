"""Who owns a tenant, as the object store has it: `lease.json`, changed only by conditional writes.

The control plane decides who should own a tenant and gives each ownership an epoch, greater than all before. Here it
only becomes fact: a later epoch takes the lease over, an earlier one is refused. The lease has no time in it.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field

from pbe.errors import ObjectMissing, PreconditionFailed, StoreError, WorldError
from pbe.objects.store import ObjectStore
from pbe.replication.keys import lease_key

CLAIM_TRIES_MAX = 8


class Fenced(WorldError):
    """Another node owns the tenant; nothing that this one writes for it counts any more."""

    recoverable = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The owner of a tenant; `txids` says how far each database was when the lease was last written."""

    epoch: int
    owner: str
    txids: dict[str, int] = field(default_factory=dict)
    released: bool = False

    def pack(self) -> bytes:
        """The object's bytes."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def unpack(cls, data: bytes) -> Lease:
        """The lease in an object's bytes; ValueError for anything else."""
        raw = json.loads(data)
        if not isinstance(raw, dict) or not isinstance(raw.get("epoch"), int) or not isinstance(raw.get("owner"), str):
            raise ValueError("not a lease")
        txids = raw.get("txids")
        return cls(raw["epoch"], raw["owner"], txids if isinstance(txids, dict) else {}, bool(raw.get("released")))


async def read_lease(store: ObjectStore, tenant_id: str) -> tuple[Lease | None, str | None]:
    """(lease, etag); (None, None) where nobody has owned the tenant yet."""
    try:
        found = await store.get(lease_key(tenant_id))
    except ObjectMissing:
        return None, None
    try:
        return Lease.unpack(found.data), found.info.etag
    except ValueError as error:
        hint = "restore lease.json from the bucket's history, or delete it once no node serves the tenant"
        raise Fenced("read a lease", lease_key(tenant_id), hint=f"{error}; {hint}") from error


async def claim(store: ObjectStore, tenant_id: str, epoch: int, owner: str) -> Lease | None:
    """Makes `owner` the tenant's owner under `epoch`; the lease before. Fenced where a later epoch has it."""
    for _ in range(CLAIM_TRIES_MAX):
        lease, etag = await read_lease(store, tenant_id)
        if lease is not None and (lease.epoch > epoch or (lease.epoch == epoch and lease.owner != owner)):
            raise Fenced("claim a tenant", tenant_id, hint=f"{lease.owner} owns it under epoch {lease.epoch}")
        if lease is not None and lease.epoch == epoch and not lease.released:
            return lease
        wanted = Lease(epoch, owner, lease.txids if lease is not None else {})
        try:
            await store.put(lease_key(tenant_id), wanted.pack(), if_none_match=etag is None, if_match=etag)
            return lease
        except PreconditionFailed:
            continue
        except StoreError as error:
            # Perhaps it was written: reading it again tells.
            if not error.recoverable:
                raise
    raise StoreError("claim a tenant", tenant_id, hint=f"no success in {CLAIM_TRIES_MAX} attempts")


async def release(store: ObjectStore, tenant_id: str, epoch: int, owner: str, txids: dict[str, int]) -> None:
    """Notes that `owner` has let go, with everything shipped up to `txids`; nothing where it is not the owner."""
    lease, etag = await read_lease(store, tenant_id)
    if lease is not None and (lease.epoch, lease.owner) == (epoch, owner):
        with contextlib.suppress(PreconditionFailed):
            done = Lease(epoch, owner, {**lease.txids, **txids}, released=True)
            await store.put(lease_key(tenant_id), done.pack(), if_match=etag)


async def confirm(store: ObjectStore, tenant_id: str, epoch: int, owner: str) -> None:
    """Returns where `owner` still owns the tenant under `epoch`; Fenced otherwise."""
    lease, _ = await read_lease(store, tenant_id)
    if lease is None or (lease.epoch, lease.owner) != (epoch, owner):
        holder = f"{lease.owner} under epoch {lease.epoch}" if lease is not None else "nobody"
        raise Fenced("confirm a lease", tenant_id, hint=f"{holder} owns it")

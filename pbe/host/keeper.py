"""What a node does with a tenant's history when the control plane asks: find a moment, restore it, verify.

A restore loads the tenant first, so that what only this disk has is shipped, then loads it anew as of the moment. The
state that it replaces stays in the log: restoring to it is the way back. An error before the first database is shipped
changes nothing; one in between is told, and the same restore may be asked for again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pbe.errors import BadRequest, NotFound, RequestError, StoreError, Unavailable
from pbe.host.host import Host
from pbe.host.rewind import Rewind
from pbe.ids import is_tenant_id
from pbe.objects.store import ObjectStore
from pbe.pages.restore_plan import NoSuchMoment
from pbe.replication.moment import Moment
from pbe.replication.position import txid_text
from pbe.replication.replica import rfc3339
from pbe.replication.replicator import Reached
from pbe.replication.restore import BrokenReplica
from pbe.replication.verify import Verified
from pbe.tenant.tenant import DATABASES

MAIN = DATABASES[0]


class Histories(Protocol):
    """As `replication.Replicator`."""

    async def reach(self, tenant_id: str, name: str, at: Moment) -> Reached | None:
        """Where a restore of the moment would arrive; None where the store has nothing of the database."""
        ...

    async def verify(self, tenant_id: str, name: str, near: str) -> Verified:
        """Restore to a spare file and compare."""
        ...


class Keeper:
    """Carries out errands by their names. `folder` is where tenants' local files lie."""

    def __init__(self, host: Host, histories: Histories, store: ObjectStore, folder: Path) -> None:
        self._host = host
        self._histories = histories
        self._store = store
        self._folder = folder

    async def carry_out(self, name: str, payload: Any) -> dict[str, Any]:
        """The answer to an errand; only a `RequestError` comes out, in words for an operator."""
        errand = {"tenant.reach": self.reach, "tenant.restore": self.restore, "tenant.verify": self.verify}.get(name)
        if errand is None or not isinstance(payload, Mapping) or not is_tenant_id(str(payload.get("tenant_id"))):
            raise BadRequest(f"There is no errand {name[:64]!r} like this.")
        try:
            return await errand(payload)
        except NoSuchMoment as error:
            raise BadRequest("The moment is not in the tenant's history.", cause=str(error)) from error
        except BrokenReplica as error:
            raise RequestError(f"The object {error.subject} of the replica is broken.", cause=str(error)) from error
        except StoreError as error:
            raise Unavailable("The object store is away.", retry_after_s=5, cause=str(error)) from error

    async def reach(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """`{tenant_id, at | txid}`: the moment reached, and each database's txid then."""
        found = await self._reached(payload["tenant_id"], _moment(payload))
        return _told(found)

    async def restore(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """`{tenant_id, at | txid, source}`: the tenant is served as `source`, or itself, was then."""
        tenant_id, source = payload["tenant_id"], str(payload.get("source") or "")
        await self._host.tenant(tenant_id)
        found = await self._reached(source or tenant_id, _moment(payload))
        if source:
            await self._copy_files(source, tenant_id)
        moments = {name: Moment(txid=one.txid) for name, one in found.items()}
        await self._host.rewind(tenant_id, Rewind(moments, source))
        return _told(found)

    async def verify(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """`{tenant_id}`: whether the store's newest state restores to what it should be, by database."""
        tenant_id = payload["tenant_id"]
        await self._host.tenant(tenant_id)
        databases: dict[str, dict[str, Any]] = {}
        for name in DATABASES:
            try:
                one = await self._histories.verify(tenant_id, name, str(self._folder / tenant_id / name))
            except (BrokenReplica, NoSuchMoment) as error:
                databases[name] = {"ok": False, "error": str(error)}
                continue
            databases[name] = {
                "ok": True,
                "txid": txid_text(one.txid),
                "files": one.files,
                "bytes": one.bytes_read,
                "pages": one.pages,
                "checksum_compared": one.sum_noted or one.compared_with_server,
            }
        return {"ok": all(one["ok"] for one in databases.values()), "databases": databases}

    async def _reached(self, tenant_id: str, at: Moment) -> dict[str, Reached]:
        """Every database at one moment: a txid is one of data.db, and the others go to the time it was shipped."""
        found: dict[str, Reached] = {}
        for name in DATABASES:
            one = await self._histories.reach(tenant_id, name, at)
            if one is None:
                raise NotFound("The object store has no history of the tenant.")
            found[name] = one
            if at.txid is not None:
                at = Moment(before_ms=one.flushed_ms + 1)
        return found

    async def _copy_files(self, source: str, tenant_id: str) -> None:
        """The uploaded files of another tenant, as they are now."""
        prefix = f"tenants/{source}/storage/"
        for info in await self._store.list(prefix):
            found = await self._store.get(info.key)
            key = f"tenants/{tenant_id}/storage/{info.key.removeprefix(prefix)}"
            await self._store.put(key, found.data)


def _moment(payload: Mapping[str, Any]) -> Moment:
    at, txid = payload.get("at_ms"), payload.get("txid")
    if type(at) is int and txid is None:
        return Moment(before_ms=at)
    if type(txid) is int and txid > 0 and at is None:
        return Moment(txid=txid)
    raise BadRequest("A moment is a time or a txid.")


def _told(found: Mapping[str, Reached]) -> dict[str, Any]:
    newest_ms = max(one.flushed_ms for one in found.values())
    return {"moment": rfc3339(newest_ms), "txids": {name: txid_text(one.txid) for name, one in found.items()}}

"""Where a tenant's replicas lie in the object store: as stock Litestream lays them out."""

from __future__ import annotations

from collections.abc import Iterable

from pbe.errors import Misuse
from pbe.ids import is_tenant_id
from pbe.objects.store import Info
from pbe.pages.ltx import file_name, parse_name
from pbe.pages.restore_plan import LtxInfo

LEVEL_MAX = 9


def tenant_prefix(tenant_id: str) -> str:
    """Everything of one tenant."""
    if not is_tenant_id(tenant_id):
        raise Misuse("name a tenant's objects", repr(tenant_id))
    return f"tenants/{tenant_id}/"


def replicas_prefix(tenant_id: str) -> str:
    """The replicas of one tenant's databases."""
    return f"{tenant_prefix(tenant_id)}litestream/"


def replica_prefix(tenant_id: str, name: str) -> str:
    """One database's replica; stock `litestream restore` takes it as its URL."""
    return f"{replicas_prefix(tenant_id)}{name}/"


def lease_key(tenant_id: str) -> str:
    """Who owns the tenant."""
    return f"{tenant_prefix(tenant_id)}lease.json"


def level_folder(layout: str, level: int) -> str:
    """How a level is called on this kind of store."""
    return f"ltx/{level}/" if layout == "file" else f"{level:04x}/"


def file_key(layout: str, tenant_id: str, name: str, level: int, min_txid: int, max_txid: int) -> str:
    """The key of one LTX file."""
    return replica_prefix(tenant_id, name) + level_folder(layout, level) + file_name(min_txid, max_txid)


def parse_listing(layout: str, tenant_id: str, found: Iterable[Info]) -> dict[str, list[LtxInfo]]:
    """The LTX files of each database among the listed objects; foreign objects are passed over."""
    prefix = replicas_prefix(tenant_id)
    folders = {level_folder(layout, level): level for level in range(LEVEL_MAX + 1)}
    files: dict[str, list[LtxInfo]] = {}
    for info in found:
        if not info.key.startswith(prefix):
            continue
        name, _, rest = info.key[len(prefix) :].partition("/")
        folder, _, file = rest.rpartition("/")
        level, span = folders.get(f"{folder}/"), parse_name(file)
        if level is not None and span is not None:
            files.setdefault(name, []).append(
                LtxInfo(level, *span, info.size, info.modified_ms, info.key, info.modified_ms)
            )
    return files

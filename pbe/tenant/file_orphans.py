"""Files that no record names: what a crash left between storing a file and writing its record, or after a delete.

They cost money and nothing else, so they are looked for once a day. A young file is left alone: its record may be on
its way into the database.
"""

from pbe.query.sql import name
from pbe.schema import go_cast
from pbe.schema.collection import Collection
from pbe.schema.field_file import FileField
from pbe.tenant.tenant import Tenant

AGE_S_MIN = 3600.0
IDS_PER_STATEMENT_MAX = 500
THUMBS = "thumbs_"


async def sweep(tenant: Tenant) -> int:
    """Delete the tenant's orphans; how many they were. Raises `StoreError` and `SqlError`."""
    files = tenant.files
    if files is None:
        return 0
    by_collection: dict[str, dict[str, list[str]]] = {}
    oldest_kept_ms = (tenant.now() - AGE_S_MIN) * 1000
    for info in await files.list():
        parts = info.key.split("/")
        if len(parts) >= 3 and info.modified_ms <= oldest_kept_ms:
            by_collection.setdefault(parts[0], {}).setdefault(parts[1], []).append(info.key)
    orphans: list[str] = []
    for collection_id, by_record in by_collection.items():
        orphans += await _orphans_of(tenant, tenant.catalog.collection(collection_id), by_record)
    await files.delete_keys(orphans)
    return len(orphans)


async def _orphans_of(tenant: Tenant, collection: Collection | None, by_record: dict[str, list[str]]) -> list[str]:
    """Those of one collection's files that no record of it names; all of them where there is no such collection."""
    fields = [field for field in collection.fields if isinstance(field, FileField)] if collection is not None else []
    if collection is None or not fields:
        return [key for keys in by_record.values() for key in keys]
    named: dict[str, set[str]] = {}
    columns = ", ".join(name(field.name) for field in fields)
    ids = list(by_record)
    for start in range(0, len(ids), IDS_PER_STATEMENT_MAX):
        part = ids[start : start + IDS_PER_STATEMENT_MAX]
        sql = f"SELECT id, {columns} FROM {name(collection.name)} WHERE id IN ({', '.join('?' * len(part))})"
        for row in await tenant.data.query(sql, tuple(part)):
            named[str(row[0])] = {one for held in row[1:] for one in go_cast.to_unique_strings(held)}
    return [
        key
        for record_id, keys in by_record.items()
        for key in keys
        if _file_name(key) not in named.get(record_id, frozenset())
    ]


def _file_name(key: str) -> str:
    """The name of the uploaded file that a key is of; a thumb is of its original."""
    part = key.split("/")[2]
    return part.removeprefix(THUMBS) if key.count("/") > 2 else part

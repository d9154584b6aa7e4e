"""What belongs to an auth record in the system collections, and goes with it.

Second factors begun, one-time passwords, origins and links to providers refer to their record by `collectionRef` and
`recordRef`. They go when their record or its collection goes; and some when the record changes, so that what an
intruder prepared does not outlive it. They are deleted by plain statements: no hooks fire for them.
"""

from pbe.errors import field_error
from pbe.query.sql import name
from pbe.schema.collection import Collection
from pbe.schema.rules import one_of
from pbe.storage.sqlite import Transaction
from pbe.tenant.auth_provider import catalogue
from pbe.tenant.record import Record
from pbe.tenant.record_invalid import Invalid
from pbe.tenant.unit import Unit

MFAS, OTPS, ORIGINS, EXTERNAL_AUTHS = "_mfas", "_otps", "_authOrigins", "_externalAuths"
ALL = (MFAS, OTPS, ORIGINS, EXTERNAL_AUTHS)


async def check(unit: Unit, record: Record) -> None:
    """Raises `Invalid` for a record of these collections that refers to nobody."""
    if record.collection.name not in ALL:
        return
    collection = _by_id(unit, str(record.get("collectionRef")))
    if collection is None:
        error = field_error("validation_invalid_collection_id", "Missing or invalid collection.")
        raise Invalid({"collectionRef": error})
    if not collection.is_auth:
        error = field_error("validation_invalid_collection_type", "Invalid collection type - must be auth.")
        raise Invalid({"collectionRef": error})
    sql = f"SELECT 1 FROM {name(collection.name)} WHERE id = ? LIMIT 1"
    if not await unit.query(sql, (record.get("recordRef"),)):
        raise Invalid({"recordRef": field_error("validation_invalid_record", "Missing or invalid record.")})
    if record.collection.name == EXTERNAL_AUTHS:
        unknown = one_of(*catalogue())(record.get("provider"))
        if unknown is not None:
            raise Invalid({"provider": unknown})


def before_update(unit: Unit, record: Record) -> bool:
    """Delete the links of a record that becomes verified, which an impostor may have made; whether there were any,
    in which case its sessions have to end too.
    """
    if unit.tx is None or not record.get("verified") or record.original.get("verified"):
        return False
    pair = (record.collection.id, record.stored_id)
    found = unit.tx.query(
        f"SELECT 1 FROM {name(EXTERNAL_AUTHS)} WHERE collectionRef = ? AND recordRef = ? LIMIT 1", pair
    )
    _delete(unit, (EXTERNAL_AUTHS,), *pair)
    return bool(found)


def after_update(unit: Unit, record: Record) -> None:
    """Delete what a change of the record makes void: by its token key, or its password."""
    old = record.original
    void: list[str] = []
    if old.get("tokenKey") != record.get("tokenKey"):
        void.append(OTPS)
    if old["password"].hash != record.get("password").hash:
        void += [MFAS, ORIGINS]
    _delete(unit, void, record.collection.id, record.stored_id)


def after_delete(unit: Unit, record: Record) -> None:
    """Delete all that belongs to a record that is gone."""
    _delete(unit, ALL, record.collection.id, record.stored_id)


def after_collection_delete(tx: Transaction, collection: Collection) -> None:
    """Delete all that belongs to records of a collection that is gone."""
    for table in ALL:
        tx.execute(f"DELETE FROM {name(table)} WHERE collectionRef = ?", (collection.id,))


def _delete(unit: Unit, collections: tuple[str, ...] | list[str], collection_id: str, record_id: str) -> None:
    for table in collections:
        if unit.tx is not None and unit.tenant.catalog.collection(table) is not None:
            sql = f"DELETE FROM {name(table)} WHERE collectionRef = ? AND recordRef = ?"
            unit.tx.execute(sql, (collection_id, record_id))


def _by_id(unit: Unit, collection_id: str) -> Collection | None:
    found = unit.tenant.catalog.collection(collection_id)
    return found if found is not None and found.id == collection_id else None

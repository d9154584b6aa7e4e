"""Finding auth records by what people know of them: an e-mail address, an identity."""

from pbe.errors import Misuse, PbeError
from pbe.schema import index
from pbe.schema.collection import Collection
from pbe.tenant.record import Record
from pbe.tenant.record_read import find_where
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit

REFERENCES_MAX = 1000
MFAS, OTPS, ORIGINS, EXTERNAL_AUTHS = "_mfas", "_otps", "_authOrigins", "_externalAuths"


class NoIdentity(PbeError):
    """The collection's field is not one that identifies a record: it lacks a unique index of its own."""


def system_collection(tenant: Tenant, name: str) -> Collection:
    """A collection that every tenant has."""
    found = tenant.catalog.collection(name)
    if found is None:
        raise Misuse("find a system collection", name)
    return found


async def of_record(unit: Unit, collection_name: str, record: Record) -> list[Record]:
    """The records of a system collection that refer to an auth record, the latest first."""
    collection = system_collection(unit.tenant, collection_name)
    found = await find_where(unit, collection, "recordRef", record.id, limit=REFERENCES_MAX)
    own = [one for one in found if one.get("collectionRef") == record.collection.id]
    return sorted(own, key=lambda one: str(one.get("created")), reverse=True)


async def by_email(unit: Unit, collection: Collection, email: str) -> Record | None:
    """The record with that address, in any case where the unique index ignores case."""
    if not email:
        return None
    unique = index.single_unique(collection.indexes, "email")
    nocase = unique is not None and unique.columns[0].collate.lower() == "nocase"
    found = await find_where(unit, collection, "email", email, nocase=nocase)
    return found[0] if found else None


async def by_identity(unit: Unit, collection: Collection, field: str, value: str) -> Record | None:
    """The record whose identity field `field` has that value. Raises `NoIdentity`."""
    unique = index.single_unique(collection.indexes, field)
    if unique is None or field not in collection.options["passwordAuth"]["identityFields"]:
        raise NoIdentity("find by identity", f"{collection.name}.{field}")
    found = await find_where(unit, collection, field, value, nocase=unique.columns[0].collate.lower() == "nocase")
    return found[0] if found else None

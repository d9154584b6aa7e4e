"""Making superusers from outside the API."""

from pbe.errors import NotFound
from pbe.tenant.auth_find import by_email
from pbe.tenant.record import Record
from pbe.tenant.record_save import save
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit

SUPERUSERS = "_superusers"


async def upsert(tenant: Tenant, email: str, password: str) -> Record:
    """Make a superuser, or give the one with that address another password, which ends its sessions.

    Raises `record_validate.Invalid` with errors by field.
    """
    collection = tenant.catalog.collection(SUPERUSERS)
    if collection is None:
        raise NotFound(cause="the tenant has no _superusers")
    unit = Unit(tenant)
    record = await by_email(unit, collection, email) or Record.new(collection)
    record.set("email", email)
    record.set("password", password)
    record.put("verified", True)
    await save(unit, record)
    return record

"""Where a record logs in from: fingerprints of address and user agent, and the alert for a new one."""

import hashlib

from pbe.errors import Misuse
from pbe.schema import dates
from pbe.schema.collection import Collection
from pbe.tenant import auth_mail
from pbe.tenant.record import Record
from pbe.tenant.record_delete import delete
from pbe.tenant.record_read import find_where
from pbe.tenant.record_save import save
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit

ORIGINS = "_authOrigins"
ORIGINS_MAX = 5
USER_AGENT_BYTES_MAX = 200
READ_MAX = 1000


async def remember(unit: Unit, record: Record, ip: str, user_agent: str) -> None:
    """Note the origin of a log-in, and mail an alert for one that is new and not the first.

    Raises `MailRefused`, after which the origin is not noted, so that the next log-in from it tries again.
    """
    agent = _cut(user_agent)
    fingerprint = hashlib.md5((ip + agent).encode(), usedforsecurity=False).hexdigest()
    origins = await of_record(unit, record)
    known = next((origin for origin in origins if origin.get("fingerprint") == fingerprint), None)
    if known is not None:
        await save(unit, known)
        return
    if origins and record.get("email"):
        info = f"{dates.from_seconds(unit.tenant.now())} - {ip} {agent}"
        await auth_mail.send_alert(unit.tenant, record, auth_mail.escaped(info))
    for origin in origins[ORIGINS_MAX - 1 :]:
        await delete(unit, origin)
    made = Record.new(collection_of(unit.tenant))
    made.put("collectionRef", record.collection.id)
    made.put("recordRef", record.id)
    made.put("fingerprint", fingerprint)
    await save(unit, made)


async def of_record(unit: Unit, record: Record) -> list[Record]:
    """The record's origins, the latest first."""
    found = await find_where(unit, collection_of(unit.tenant), "recordRef", record.id, limit=READ_MAX)
    own = [origin for origin in found if origin.get("collectionRef") == record.collection.id]
    return sorted(own, key=lambda origin: str(origin.get("created")), reverse=True)


def collection_of(tenant: Tenant) -> Collection:
    """The system collection of origins."""
    found = tenant.catalog.collection(ORIGINS)
    if found is None:
        raise Misuse("find a system collection", ORIGINS)
    return found


def _cut(user_agent: str) -> str:
    raw = user_agent.encode()
    return user_agent if len(raw) <= USER_AGENT_BYTES_MAX else raw[:USER_AGENT_BYTES_MAX].decode("utf-8", "replace") + "..."


"""Where a record logs in from: fingerprints of address and user agent, and the alert for a new one."""

import hashlib

from pbe.schema import dates
from pbe.tenant import auth_mail
from pbe.tenant.auth_find import ORIGINS, of_record, system_collection
from pbe.tenant.record import Record
from pbe.tenant.record_delete import delete
from pbe.tenant.record_save import save
from pbe.tenant.unit import Unit

ORIGINS_MAX = 5
USER_AGENT_BYTES_MAX = 200


async def remember(unit: Unit, record: Record, ip: str, user_agent: str) -> None:
    """Note the origin of a log-in, and mail an alert for one that is new and not the first.

    Raises `MailRefused`, after which the origin is not noted, so that the next log-in from it tries again.
    """
    agent = _cut(user_agent)
    fingerprint = hashlib.md5((ip + agent).encode(), usedforsecurity=False).hexdigest()
    origins = await of_record(unit, ORIGINS, record)
    known = next((origin for origin in origins if origin.get("fingerprint") == fingerprint), None)
    if known is not None:
        await save(unit, known)  # its date of change is that of the last log-in
        return
    if origins and record.get("email"):
        info = f"{dates.from_seconds(unit.tenant.now())} - {ip} {agent}"
        await auth_mail.send_alert(unit.tenant, record, auth_mail.escaped(info))
    for origin in origins[ORIGINS_MAX - 1 :]:
        await delete(unit, origin)
    made = Record.new(system_collection(unit.tenant, ORIGINS))
    made.put("collectionRef", record.collection.id)
    made.put("recordRef", record.id)
    made.put("fingerprint", fingerprint)
    await save(unit, made)


def _cut(user_agent: str) -> str:
    raw = user_agent.encode()
    if len(raw) <= USER_AGENT_BYTES_MAX:
        return user_agent
    return raw[:USER_AGENT_BYTES_MAX].decode("utf-8", "replace") + "..."

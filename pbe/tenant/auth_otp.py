"""One-time passwords by e-mail."""

from pbe.errors import BadRequest, PbeError, TooManyRequests
from pbe.ids import random_id
from pbe.mail.message import MailRefused
from pbe.schema import dates
from pbe.schema.collection import Collection
from pbe.schema.field_password import Password
from pbe.tenant import auth_mail
from pbe.tenant.auth_events import OtpAuthEvent, OtpRequestEvent
from pbe.tenant.auth_find import OTPS, by_email, of_record, system_collection
from pbe.tenant.auth_password import check_password
from pbe.tenant.auth_secret import random_digits, random_password
from pbe.tenant.auth_session import OTP, Login, Session, respond
from pbe.tenant.pipeline import Event
from pbe.tenant.rate_limit import Rule
from pbe.tenant.record import Record
from pbe.tenant.record_delete import delete
from pbe.tenant.record_read import find
from pbe.tenant.record_save import save
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit

VALID_MAX = 9
"""So many unexpired passwords a record may have; then the last one's id is given out again."""
ATTEMPTS = Rule("@pb_otp", "", 180, 5)
INVALID = "Invalid or expired OTP"


class NoAccount(PbeError):
    """Nobody has that address; the client is told `otp_id`, which leads nowhere."""

    def __init__(self, otp_id: str, reason: str) -> None:
        self.otp_id = otp_id
        super().__init__("ask for a one-time password", hint=reason)


async def request(tenant: Tenant, info: RequestInfo, collection: Collection, email: str) -> str:
    """Mail the owner of an address a one-time password; the answer is its id. Raises NoAccount."""
    unit = Unit(tenant)
    record = await by_email(unit, collection, email)
    event = OtpRequestEvent(info, collection, record, unit, random_digits(tenant, collection.options["otp"]["length"]))
    ids: list[str] = []

    async def act(_: Event) -> None:
        if event.record is None:
            made_up = random_id(tenant.services.random_bytes)
            raise NoAccount(made_up, f"missing or invalid {collection.name} OTP auth record with email {email}")
        ids.append(await _issue(unit, event.record, event.password))

    await tenant.pipeline.trigger(event, act)
    return ids[0]


async def _issue(unit: Unit, record: Record, password: str) -> str:
    tenant = unit.tenant
    issued = await of_record(unit, OTPS, record)
    valid = [otp for otp in issued if not _has_expired(tenant, record.collection, otp)]
    if len(valid) > VALID_MAX:
        return issued[0].id
    otp = Record.new(system_collection(tenant, OTPS))
    otp.put("collectionRef", record.collection.id)
    otp.put("recordRef", record.id)
    otp.put("password", Password(plain=password))
    await save(unit, otp)
    tenant.background.start(_send(tenant, record, otp.id, password), "Failed to send OTP email")
    return otp.id


async def _send(tenant: Tenant, record: Record, otp_id: str, password: str) -> None:
    """Mail it and note to which address; a password that could not be mailed is deleted."""
    unit = Unit(tenant)
    try:
        sent_to = await auth_mail.send_otp(tenant, record, otp_id, password)
    except MailRefused:
        otp = await find(unit, system_collection(tenant, OTPS), otp_id)
        if otp is not None:
            await delete(unit, otp)
        raise
    otp = await find(unit, system_collection(tenant, OTPS), otp_id)
    if otp is not None and sent_to and not otp.get("sentTo"):
        otp.put("sentTo", sent_to)
        await save(unit, otp)


async def log_in(login: Login, collection: Collection, otp_id: str, password: str) -> Session:
    """The answer to a log-in; the same words for everything that may be wrong, and five attempts in three minutes."""
    tenant = login.tenant
    unit = Unit(tenant)
    otp = await find(unit, system_collection(tenant, OTPS), otp_id)
    if otp is None or otp.get("collectionRef") != collection.id or _has_expired(tenant, collection, otp):
        raise BadRequest(INVALID, cause="no such one-time password")
    record = await find(unit, collection, str(otp.get("recordRef")))
    if record is None:
        raise BadRequest(INVALID, cause="missing auth record")
    if not tenant.limits.allow(f"@pb_otp_{record.id}", ATTEMPTS, login.ip, tenant.now()):
        raise TooManyRequests("Too many attempts, please try again later with a new OTP.")
    if not await check_password(unit, otp, password):
        raise BadRequest(INVALID, cause="incorrect password")
    event = OtpAuthEvent(login.info, record, unit, otp)
    sessions: list[Session] = []

    async def act(_: Event) -> None:
        found = event.record or record
        await delete(unit, event.otp)
        await _verify(unit, found, event.otp)
        sessions.append(await respond(login, found, OTP))

    await tenant.pipeline.trigger(event, act)
    return sessions[0]


async def _verify(unit: Unit, record: Record, otp: Record) -> None:
    """Who read the mail owns the address. A password that somebody else may have chosen is replaced."""
    sent_to = otp.get("sentTo")
    if record.get("verified") or not sent_to or record.get("email") != sent_to:
        return
    record.put("verified", True)
    if not record.collection.options["mfa"]["enabled"]:
        await random_password(unit.tenant, record)
    await save(unit, record)


def _has_expired(tenant: Tenant, collection: Collection, otp: Record) -> bool:
    elapsed = tenant.now() - dates.to_seconds(otp.get("created"))
    return bool(elapsed > collection.options["otp"]["duration"])

"""The end of every way to log in: whether the record may, a second factor, the alert, and the answer with its token."""

from dataclasses import dataclass, replace
from typing import Any

from twisted.logger import Logger

from pbe.errors import BadRequest, Forbidden, PbeError
from pbe.query.errors import FilterError
from pbe.tenant import auth_mfa, auth_origin
from pbe.tenant.addresses import is_listed
from pbe.tenant.auth_events import SessionEvent
from pbe.tenant.auth_token import issue_auth
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_enrich import enrich
from pbe.tenant.record_read import matches
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit

PASSWORD, OTP, OAUTH2 = "password", "otp", "oauth2"
_log = Logger()


@dataclass(frozen=True, slots=True)
class Login:
    """One attempt: of which tenant, by which request, from where. mfa_id: what the first factor answered, or ""."""

    tenant: Tenant
    info: RequestInfo
    ip: str = ""
    user_agent: str = ""
    mfa_id: str = ""

    def within(self, context: str) -> "Login":
        """The same attempt with another `request.context`."""
        return replace(self, info=self.info.within(context))


@dataclass(frozen=True, slots=True)
class Session:
    """What a client is told: `meta` is left out where it is None."""

    record: Record
    token: str
    meta: Any = None


async def respond(login: Login, record: Record, method: str, meta: Any = None, *, token: str = "") -> Session:
    """The session of a record that proved itself by `method`; "" means neither second factor nor alert.

    token: what it is told instead of a new one. Raises `Forbidden`, `BadRequest` and `auth_mfa.SecondFactorNeeded`.
    """
    tenant = login.tenant
    unit = Unit(tenant)
    allowed = tenant.settings.superuser_ips
    if record.is_superuser and allowed and not is_listed(login.ip, allowed):
        raise Forbidden(cause="superuser IP is not whitelisted")
    await _check_auth_rule(unit, login.info, record)
    text = token or issue_auth(tenant, record)
    event = SessionEvent(login.info, record, unit, token=text, method=method, meta=meta)

    async def act(_: Event) -> None:
        found = event.record or record
        if event.method:
            await auth_mfa.check(unit, login.info, found, event.method, login.mfa_id)
        await enrich(unit, replace(login.info, auth=found), [found])
        found.email_shown = True
        if event.method and found.collection.options["authAlert"]["enabled"]:
            await _alert(login, unit, found)

    await tenant.pipeline.trigger(event, act)
    return Session(event.record or record, event.token, event.meta)


async def _check_auth_rule(unit: Unit, info: RequestInfo, record: Record) -> None:
    rule = record.collection.auth_rule
    if info.is_superuser or rule == "":
        return
    try:
        holds = rule is not None and await matches(unit, record.collection, record.id, rule, info)
    except FilterError as error:
        raise BadRequest(cause=str(error)) from error
    if not holds:
        raise Forbidden("The request doesn't satisfy the collection requirements to authenticate.")


async def _alert(login: Login, unit: Unit, record: Record) -> None:
    """A log-in succeeds without its alert."""
    try:
        await auth_origin.remember(unit, record, login.ip, login.user_agent)
    except PbeError as error:
        _log.warn("no login alert for {record}: {error}", record=record, error=error)
        login.tenant.log.write(4, "[recordAuthResponse] Failed to send login alert", {"error": str(error)})

"""The messages that auth collections send: their templates, placeholders, and the way to a mail server."""

import html
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from pbe.mail.mailer import Mailer
from pbe.mail.message import Message
from pbe.mail.smtp import SmtpMailer, SmtpServer
from pbe.schema import go_cast
from pbe.schema.field_password import Password
from pbe.tenant import token
from pbe.tenant.auth_events import MailEvent
from pbe.tenant.auth_token import issue
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record, rule_value
from pbe.tenant.tenant import Tenant

_UNESCAPED = frozenset({"autodate", "date", "bool", "number"})
_ALERT_EVENT = "onMailerRecordAuthAlertSend"
_OTP_EVENT = "onMailerRecordOTPSend"


async def send_verification(tenant: Tenant, record: Record) -> None:
    """Mail a link that verifies the record's address. Raises `MailRefused`, as all of these."""
    text = issue(tenant, record, token.VERIFICATION, email=record.get("email"))
    template = record.collection.options["verificationTemplate"]
    meta = {"token": text}
    await _send(tenant, record, "onMailerRecordVerificationSend", template, {"{TOKEN}": text}, meta)


async def send_password_reset(tenant: Tenant, record: Record) -> None:
    """Mail a link that sets another password."""
    text = issue(tenant, record, token.PASSWORD_RESET, email=record.get("email"))
    template = record.collection.options["resetPasswordTemplate"]
    meta = {"token": text}
    await _send(tenant, record, "onMailerRecordPasswordResetSend", template, {"{TOKEN}": text}, meta)


async def send_email_change(tenant: Tenant, record: Record, new_email: str) -> None:
    """Mail, to the new address, a link that makes it the record's."""
    text = issue(tenant, record, token.EMAIL_CHANGE, email=record.get("email"), newEmail=new_email)
    template = record.collection.options["confirmEmailChangeTemplate"]
    meta = {"token": text, "newEmail": new_email}
    await _send(tenant, record, "onMailerRecordEmailChangeSend", template, {"{TOKEN}": text}, meta, to=new_email)


async def send_otp(tenant: Tenant, record: Record, otp_id: str, password: str) -> str:
    """Mail a one-time password; the answer is the address it went to."""
    template = record.collection.options["otp"]["emailTemplate"]
    placeholders = {"{OTP_ID}": otp_id, "{OTP}": password}
    meta = {"otpId": otp_id, "password": password}
    return await _send(tenant, record, _OTP_EVENT, template, placeholders, meta)


async def send_alert(tenant: Tenant, record: Record, info: str) -> None:
    """Mail that somebody logged in from a new place; `info` is HTML."""
    template = record.collection.options["authAlert"]["emailTemplate"]
    await _send(tenant, record, _ALERT_EVENT, template, {"{ALERT_INFO}": info}, {"info": info})


def mailer_of(tenant: Tenant) -> Mailer:
    """The tenant's own mail server where it has one, else the platform's."""
    smtp, services = tenant.settings.smtp, tenant.services
    if not smtp["enabled"] or services.outbound is None:
        return services.mailer
    server = SmtpServer(
        smtp["host"],
        smtp["port"],
        smtp["username"],
        smtp["password"],
        smtp["tls"],
        smtp["authMethod"],
        smtp["localName"],
    )
    outbound = services.outbound
    return SmtpMailer(server, outbound.endpoint, outbound.starttls, services.clock, services.now, services.random_bytes)


async def _send(
    tenant: Tenant,
    record: Record,
    event_name: str,
    template: Mapping[str, str],
    placeholders: Mapping[str, str],
    meta: dict[str, Any],
    *,
    to: str = "",
) -> str:
    """Fill the template in, let the hooks see it, and send it."""
    settings = tenant.settings.meta
    values = {**_record_placeholders(tenant, record), **placeholders}
    message = Message(
        sender_name=settings["senderName"],
        sender=settings["senderAddress"],
        to=(to or str(record.get("email")),),
        subject=fill_in(template["subject"], values),
        html=_layout().replace("{content}", fill_in(template["body"], values)),
    )
    event = MailEvent(event_name, message, record, meta)

    async def about_record(_: Event) -> None:
        every = MailEvent("onMailerSend", event.message, record, meta)

        async def act(_: Event) -> None:
            await mailer_of(tenant).send(every.message)

        await tenant.pipeline.trigger(every, act)

    await tenant.pipeline.trigger(event, about_record)
    return event.message.to[0] if event.message.to else ""


def _record_placeholders(tenant: Tenant, record: Record) -> dict[str, str]:
    """{APP_NAME}, {APP_URL}, and {RECORD:name} for each field that is not hidden, escaped for HTML."""
    meta = tenant.settings.meta
    values = {"{APP_NAME}": str(meta["appName"]), "{APP_URL}": str(meta["appURL"])}
    for field in record.collection.fields:
        if not field.hidden:
            value = rule_value(record.get(field.name))
            text = "" if isinstance(value, Password) else go_cast.to_string(value)
            values[f"{{RECORD:{field.name}}}"] = text if field.type in _UNESCAPED else escaped(text)
    return values


def escaped(text: str) -> str:
    """`text` for HTML, with Go's numeric references for quotes."""
    return html.escape(text, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


def fill_in(template: str, values: Mapping[str, str]) -> str:
    """The template with each placeholder replaced, once: what a value brings along is no placeholder."""
    parts: list[str] = []
    position = 0
    while True:
        start = template.find("{", position)
        if start < 0:
            break
        end = template.find("}", start)
        value = values.get(template[start : end + 1]) if end > start else None
        parts.append(template[position:start])
        if value is None:
            parts.append("{")
            position = start + 1
        else:
            parts.append(value)
            position = end + 1
    return "".join(parts) + template[position:]


@cache
def _layout() -> str:
    return resources.files("pbe.mail").joinpath("layout.html").read_text()

"""Verification, password reset and change of address: a mail with a token, and what the token does.

A request for an address that nobody has, or one that was mailed a moment ago, is `Concealed`: the client is answered as
if all was well, so that he learns nothing of who has an account.
"""

from typing import Any

from pbe.errors import BadRequest, PbeError, field_error
from pbe.schema.collection import Collection
from pbe.schema.field_password import Password
from pbe.tenant import auth_mail, token
from pbe.tenant.auth_events import AuthEvent, EmailChangeEvent
from pbe.tenant.auth_find import by_email
from pbe.tenant.auth_password import check_password
from pbe.tenant.auth_secret import random_password
from pbe.tenant.auth_token import claim, find_by_token
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_invalid import Invalid
from pbe.tenant.record_save import save
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant
from pbe.tenant.token import TokenInvalid
from pbe.tenant.unit import Unit

RESEND_S = 120
_INVALID_TOKEN = field_error("validation_invalid_token", "Invalid or expired token.")
_OTHER_COLLECTION = field_error(
    "validation_token_collection_mismatch", "The provided token is for different auth collection."
)
Errors = dict[str, Any]


class Concealed(PbeError):
    """The request came to nothing, and the client must not learn that."""

    def __init__(self, reason: str) -> None:
        super().__init__("ask for a mail", hint=reason)


async def request_verification(tenant: Tenant, info: RequestInfo, collection: Collection, email: str) -> None:
    """Mail the owner of an unverified address a link."""
    record = await _known(tenant, collection, email)
    resend = f"@limitVerificationEmail_{collection.id}{record.id}"
    if not record.get("verified") and tenant.ephemera.get(resend):
        raise Concealed("a verification e-mail was sent a moment ago")
    event = AuthEvent("onRecordRequestVerificationRequest", info, collection, record, Unit(tenant))

    async def act(_: Event) -> None:
        found = event.record or record
        if not found.get("verified"):
            tenant.ephemera.put(resend, True, RESEND_S)
            tenant.background.start(auth_mail.send_verification(tenant, found), "Failed to send verification email")

    await tenant.pipeline.trigger(event, act)


async def check_verification(tenant: Tenant, collection: Collection, text: str) -> Record | Errors:
    """The record that a verification token is for, or why it is none."""
    email = claim(tenant, text, "email")
    if not email:
        return field_error("validation_invalid_token_claims", "Missing email token claim.")
    record = await _of_token(tenant, collection, text, token.VERIFICATION)
    if isinstance(record, Record) and record.get("email") != email:
        return field_error(
            "validation_token_email_mismatch", "The record email doesn't match with the requested token claims."
        )
    return record


async def confirm_verification(tenant: Tenant, info: RequestInfo, record: Record) -> None:
    """The record's address is its owner's. Without password log-in its password is replaced, since whoever made the
    record may have chosen it.
    """
    event = AuthEvent("onRecordConfirmVerificationRequest", info, record.collection, record, Unit(tenant))
    was_verified = bool(record.get("verified"))

    async def act(_: Event) -> None:
        found = event.record or record
        if not was_verified:
            found.put("verified", True)
            if not found.collection.options["passwordAuth"]["enabled"]:
                await random_password(tenant, found)
            await _save(tenant, found, "An error occurred while saving the verified state.")
        tenant.ephemera.pop(f"@limitVerificationEmail_{found.collection.id}{found.id}")

    await tenant.pipeline.trigger(event, act)


async def request_password_reset(tenant: Tenant, info: RequestInfo, collection: Collection, email: str) -> None:
    """Mail a record's owner a link to another password."""
    record = await _known(tenant, collection, email)
    resend = f"@limitPasswordResetEmail_{collection.id}{record.id}"
    if tenant.ephemera.get(resend):
        raise Concealed("a password reset e-mail was sent a moment ago")
    event = AuthEvent("onRecordRequestPasswordResetRequest", info, collection, record, Unit(tenant))

    async def act(_: Event) -> None:
        found = event.record or record
        tenant.background.start(_send_reset(tenant, found, resend), "Failed to send password reset email")

    await tenant.pipeline.trigger(event, act)


async def _send_reset(tenant: Tenant, record: Record, resend: str) -> None:
    await auth_mail.send_password_reset(tenant, record)
    tenant.ephemera.put(resend, True, RESEND_S)


async def check_password_reset(tenant: Tenant, collection: Collection, text: str) -> Record | Errors:
    """The record that a reset token is for, or why it is none."""
    return await _of_token(tenant, collection, text, token.PASSWORD_RESET)


async def confirm_password_reset(tenant: Tenant, info: RequestInfo, record: Record, text: str, password: str) -> None:
    """Give the record the password; who got the mail has the address, so it counts as verified."""
    event = AuthEvent("onRecordConfirmPasswordResetRequest", info, record.collection, record, Unit(tenant))

    async def act(_: Event) -> None:
        found = event.record or record
        found.put("password", Password(plain=password))
        if not found.get("verified") and found.get("email") == claim(tenant, text, "email"):
            found.put("verified", True)
        await _save(tenant, found, "Failed to set new password.")
        tenant.ephemera.pop(f"@limitPasswordResetEmail_{found.collection.id}{found.id}")

    await tenant.pipeline.trigger(event, act)


async def check_new_email(tenant: Tenant, record: Record, email: str) -> Errors | None:
    """Why the record may not take the address: another has it."""
    found = await by_email(Unit(tenant), record.collection, email)
    if found is not None and found.id != record.id:
        return field_error("validation_invalid_new_email", "Invalid new email address.")
    return None


async def request_email_change(tenant: Tenant, info: RequestInfo, record: Record, new_email: str) -> None:
    """Mail the new address a link. Raises `MailRefused`."""
    event = EmailChangeEvent("onRecordRequestEmailChangeRequest", info, record, Unit(tenant), new_email)

    async def act(_: Event) -> None:
        await auth_mail.send_email_change(tenant, event.record or record, event.new_email)

    await tenant.pipeline.trigger(event, act)


async def check_email_change(tenant: Tenant, collection: Collection, text: str) -> tuple[Record, str] | Errors:
    """The record and address that a token is for, or why it is for none."""
    new_email = claim(tenant, text, "newEmail")
    if not new_email:
        return field_error("validation_invalid_token_payload", "Invalid token payload - newEmail must be set.")
    record = await _of_token(tenant, collection, text, token.EMAIL_CHANGE)
    if not isinstance(record, Record):
        return record
    if await by_email(Unit(tenant), collection, new_email) is not None:
        return field_error("validation_invalid_token_email", "The new email address is invalid.")
    return record, new_email


async def check_owner(tenant: Tenant, record: Record | None, password: str) -> Errors | None:
    """Why the password does not prove that the record's owner asks."""
    if record is not None and await check_password(Unit(tenant), record, password):
        return None
    return field_error("validation_invalid_password", "Missing or invalid auth record password.")


async def confirm_email_change(tenant: Tenant, info: RequestInfo, record: Record, new_email: str) -> None:
    """The address is the record's now, and verified; its sessions end."""
    event = EmailChangeEvent("onRecordConfirmEmailChangeRequest", info, record, Unit(tenant), new_email)

    async def act(_: Event) -> None:
        found = event.record or record
        found.put("email", event.new_email)
        found.put("verified", True)
        await _save(tenant, found, "Failed to confirm email change.")

    await tenant.pipeline.trigger(event, act)


async def _known(tenant: Tenant, collection: Collection, email: str) -> Record:
    record = await by_email(Unit(tenant), collection, email)
    if record is None:
        raise Concealed(f"failed to fetch {collection.name} record with email {email}: no such record")
    return record


async def _of_token(tenant: Tenant, collection: Collection, text: str, kind: str) -> Record | Errors:
    try:
        record = await find_by_token(Unit(tenant), text, kind)
    except TokenInvalid:
        return _INVALID_TOKEN
    return record if record.collection.id == collection.id else _OTHER_COLLECTION


async def _save(tenant: Tenant, record: Record, message: str) -> None:
    try:
        await save(Unit(tenant), record)
    except Invalid as error:
        raise BadRequest(message, error.data) from error

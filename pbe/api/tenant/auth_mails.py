"""Verification, password reset and e-mail change: the request for a mail, and the confirmation by its token."""

from typing import Any

from pbe.api.tenant.auth import PATH
from pbe.api.tenant.caller import require_auth, require_same_collection
from pbe.api.tenant.form import read_form, refuse
from pbe.api.tenant.request_info import info_of
from pbe.api.tenant.route import Answered, Route
from pbe.api.tenant.session_answer import auth_collection
from pbe.errors import BadRequest, field_error
from pbe.mail.message import MailRefused
from pbe.schema import rules
from pbe.schema.collection import Collection
from pbe.schema.field_password import PasswordField
from pbe.tenant import auth_confirm
from pbe.tenant.auth_confirm import Concealed
from pbe.tenant.record import Record
from pbe.tenant.settings_check import email_rule
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, no_content

PASSWORD_BYTES_MAX = 255
OWNER_PASSWORD_BYTES_MAX = 100
_VERIFIED = "All superusers are verified by default."
_DIRECTLY = "All superusers can change their emails directly."
_MISMATCH = field_error("validation_values_mismatch", "Values don't match.")


def routes() -> list[Route]:
    """The six routes."""
    return [
        Route("POST", f"{PATH}/request-verification", request_verification, labels=("requestVerification",)),
        Route("POST", f"{PATH}/confirm-verification", confirm_verification, labels=("confirmVerification",)),
        Route("POST", f"{PATH}/request-password-reset", request_password_reset, labels=("requestPasswordReset",)),
        Route("POST", f"{PATH}/confirm-password-reset", confirm_password_reset, labels=("confirmPasswordReset",)),
        Route(
            "POST",
            f"{PATH}/request-email-change",
            request_email_change,
            require_same_collection,
            ("requestEmailChange",),
        ),
        Route("POST", f"{PATH}/confirm-email-change", confirm_email_change, labels=("confirmEmailChange",)),
    ]


async def request_verification(request: Request, tenant: Tenant) -> Response:
    """204, whoever asks."""
    collection = _of_users(auth_collection(request, tenant), _VERIFIED)
    email = await _email(request)
    try:
        await auth_confirm.request_verification(tenant, await info_of(request), collection, email)
    except Concealed as error:
        raise Answered(no_content(), error.hint) from error
    return no_content()


async def confirm_verification(request: Request, tenant: Tenant) -> Response:
    """204: the address is verified."""
    collection = _of_users(auth_collection(request, tenant), _VERIFIED)
    form = await read_form(request, {"token": ""})
    record = None
    error: dict[str, Any] | None = rules.required(form["token"])
    if error is None:
        record, error = _split(await auth_confirm.check_verification(tenant, collection, form["token"]))
    refuse(rules.gather(token=error))
    if record is None:
        raise BadRequest("Invalid or expired verification token.")
    await auth_confirm.confirm_verification(tenant, await info_of(request), record)
    return no_content()


async def request_password_reset(request: Request, tenant: Tenant) -> Response:
    """204, whoever asks."""
    collection = auth_collection(request, tenant)
    if not collection.options["passwordAuth"]["enabled"]:
        raise BadRequest("The collection is not configured to allow password authentication.")
    email = await _email(request)
    try:
        await auth_confirm.request_password_reset(tenant, await info_of(request), collection, email)
    except Concealed as error:
        raise Answered(no_content(), error.hint) from error
    return no_content()


async def confirm_password_reset(request: Request, tenant: Tenant) -> Response:
    """204: the password is another, and every session has ended."""
    collection = auth_collection(request, tenant)
    form = await read_form(request, {"token": "", "password": "", "passwordConfirm": ""}, own_words=True)
    record = None
    error: dict[str, Any] | None = rules.required(form["token"])
    if error is None:
        record, error = _split(await auth_confirm.check_password_reset(tenant, collection, form["token"]))
    password, again = form["password"], form["passwordConfirm"]
    refuse(
        rules.gather(
            token=error,
            password=rules.first(password, rules.required, rules.length(_password_min(collection), PASSWORD_BYTES_MAX)),
            passwordConfirm=rules.required(again) or (None if again == password else _MISMATCH),
        )
    )
    if record is None:
        raise BadRequest("Invalid or expired password reset token.")
    await auth_confirm.confirm_password_reset(tenant, await info_of(request), record, form["token"], password)
    return no_content()


async def request_email_change(request: Request, tenant: Tenant) -> Response:
    """204: a mail is on its way to the new address."""
    _of_users(auth_collection(request, tenant), _DIRECTLY)
    record = require_auth(request, tenant)
    form = await read_form(request, {"newEmail": ""})
    email = form["newEmail"]
    error = rules.first(email, rules.required, rules.length(1, 255), email_rule, rules.none_of(record.get("email")))
    refuse(rules.gather(newEmail=error or await auth_confirm.check_new_email(tenant, record, email)))
    try:
        await auth_confirm.request_email_change(tenant, await info_of(request), record, email)
    except MailRefused as refused:
        raise BadRequest("Failed to request email change.", cause=refused.reason) from refused
    return no_content()


async def confirm_email_change(request: Request, tenant: Tenant) -> Response:
    """204: the address is another, and every session has ended."""
    collection = _of_users(auth_collection(request, tenant), _DIRECTLY)
    form = await read_form(request, {"token": "", "password": ""})
    found: tuple[Record, str] | None = None
    token_error: dict[str, Any] | None = rules.required(form["token"])
    if token_error is None:
        checked = await auth_confirm.check_email_change(tenant, collection, form["token"])
        found, token_error = (checked, None) if isinstance(checked, tuple) else (None, checked)
    password = form["password"]
    password_error = rules.first(password, rules.required, rules.length(1, OWNER_PASSWORD_BYTES_MAX))
    if password_error is None:
        password_error = await auth_confirm.check_owner(tenant, found[0] if found else None, password)
    refuse(rules.gather(token=token_error, password=password_error))
    if found is None:
        raise BadRequest("Invalid or expired token.")
    await auth_confirm.confirm_email_change(tenant, await info_of(request), *found)
    return no_content()


def _of_users(collection: Collection, message: str) -> Collection:
    if collection.name == "_superusers":
        raise BadRequest(message)
    return collection


async def _email(request: Request) -> str:
    form = await read_form(request, {"email": ""})
    refuse(rules.gather(email=rules.first(form["email"], rules.required, rules.length(1, 255), email_rule)))
    return str(form["email"])


def _split(checked: Record | dict[str, Any]) -> tuple[Record | None, dict[str, Any] | None]:
    return (checked, None) if isinstance(checked, Record) else (None, checked)


def _password_min(collection: Collection) -> int:
    field = collection.field("password")
    return field.min if isinstance(field, PasswordField) and field.min > 0 else 1

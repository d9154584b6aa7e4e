"""Trying out what the settings say: a mail, a bucket."""

from collections.abc import Callable
from typing import Any

from pbe.errors import StoreError, field_error
from pbe.ids import random_id
from pbe.mail.message import MailRefused
from pbe.schema import dates
from pbe.tenant import auth_mail
from pbe.tenant.own_store import own_store
from pbe.tenant.record import Record
from pbe.tenant.record_save import refresh_token_key
from pbe.tenant.settings import Document
from pbe.tenant.tenant import Tenant

TEMPLATES = ("verification", "password-reset", "email-change", "otp", "login-alert")
SUPERUSERS = "_superusers"


def collection_rule(tenant: Tenant) -> Callable[[str], dict[str, Any] | None]:
    """Refuses what names no auth collection; the empty text passes."""

    def rule(name: str) -> dict[str, Any] | None:
        collection = tenant.catalog.collection(name) if name else None
        if not name or (collection is not None and collection.is_auth):
            return None
        return field_error("validation_invalid_auth_collection", "Must be a valid auth collection id or name.")

    return rule


async def try_mail(tenant: Tenant, email: str, template: str, collection_name: str) -> str:
    """Send a message of the template about a made-up record; the answer is why that failed, or ""."""
    collection = tenant.catalog.collection(collection_name or SUPERUSERS)
    if collection is None:
        return "no such collection"
    record = Record.new(collection)
    for field in collection.fields:
        if not field.hidden:
            record.set(field.name, f"__pb_test_{field.name}__")
    refresh_token_key(tenant, record)
    record.put("email", email)
    try:
        if template == "verification":
            await auth_mail.send_verification(tenant, record)
        elif template == "password-reset":
            await auth_mail.send_password_reset(tenant, record)
        elif template == "email-change":
            await auth_mail.send_email_change(tenant, record, email)
        elif template == "otp":
            await auth_mail.send_otp(tenant, record, "_PB_TEST_OTP_ID_", "123456")
        else:
            now = dates.from_seconds(tenant.now())
            await auth_mail.send_alert(tenant, record, f"{now} - TEST_IP TEST_USER_AGENT")
    except MailRefused as error:
        return error.reason
    return ""


async def try_s3(tenant: Tenant, s3: Document) -> str:
    """Write a small object and delete it again; the answer is why that failed, or ""."""
    if not s3["enabled"]:
        return "S3 storage filesystem is not enabled"
    key = f"pb_settings_test_{random_id(tenant.services.random_bytes, 5)}/test.txt"
    try:
        store = await own_store(tenant, s3)
        await store.put(key, b"test")
    except StoreError as error:
        return f"failed to upload a test file: {error.hint or error}"
    try:
        await store.delete([key])
    except StoreError as error:
        return f"failed to delete a test file: {error.hint or error}"
    return ""

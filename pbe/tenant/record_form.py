"""What a client sends for a record: read, stripped of what it may not set, and checked where the record can log in."""

from collections.abc import Mapping, Sequence
from typing import Any

from pbe.errors import field_error
from pbe.schema import go_cast
from pbe.schema.field_file import Upload
from pbe.schema.field_password import Password
from pbe.tenant.password import password_matches
from pbe.tenant.record import Record, rule_value
from pbe.tenant.record_invalid import Invalid
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant

Files = Mapping[str, Sequence[Upload]]
_REQUIRED = field_error("validation_required", "Cannot be blank")
_MISMATCH = field_error("validation_values_mismatch", "Values don't match")
_OLD_PASSWORD = field_error("validation_invalid_old_password", "Missing or invalid old password")


def data_of(tenant: Tenant, info: RequestInfo, record: Record, files: Files) -> dict[str, Any]:
    """The body with its modifiers resolved against `record`, its files put in, and hidden fields taken out.

    Puts the outcome into `info.body` too, for the rules to see.
    """
    collection = record.collection
    data = record.resolved(info.body, tenant.services.random_bytes)
    uploaded = {key: list(found) for key, found in files.items() if found and _is_file_key(record, key)}
    if uploaded:
        for key, found in uploaded.items():
            sent = info.body.get(key)
            plain = not key.startswith("+") and not key.endswith(("+", "-"))
            data[key] = [*go_cast.to_unique_strings(sent), *found] if plain and sent is not None else found
        data = record.resolved(data, tenant.services.random_bytes)
    if not info.is_superuser:
        for field in collection.fields:
            if field.hidden and not (collection.is_auth and field.name == "password"):
                data.pop(field.name, None)
    info.body = {key: rule_value(value) for key, value in data.items()}
    return data


def _is_file_key(record: Record, key: str) -> bool:
    field = record.collection.field(key.strip("+"))
    return field is not None and field.type == "file" and key in (field.name, f"+{field.name}", f"{field.name}+")


class AuthForm:
    """The passwords that a client sent for an auth record, and whether it may do without them."""

    def __init__(self, record: Record, data: Mapping[str, Any]) -> None:
        self.record = record
        self.password = _text(data.get("password"))
        self.confirm = _text(data.get("passwordConfirm"))
        self.old = _text(data.get("oldPassword"))
        self.manages = False

    async def check(self, tenant: Tenant) -> None:
        """Raises `Invalid` for a password or e-mail that may not be changed so."""
        record = self.record
        if not record.collection.is_auth:
            return
        changes = self._changes_password()
        errors: dict[str, Any] = {}
        if not self.manages:
            if not record.is_new and record.get("email") != record.original.get("email"):
                errors["email"] = _MISMATCH
            if record.get("verified") != record.original.get("verified"):
                errors["verified"] = _MISMATCH
        if changes:
            errors |= self._check_new()
            if not record.is_new and not self.manages and (self.password or self.confirm):
                wrong = await self._check_old(tenant)
                errors |= {"oldPassword": wrong} if wrong else {}
        if errors:
            raise Invalid(errors)

    def _changes_password(self) -> bool:
        """Whether the password comes from the client: a handler may have set one of its own."""
        value = self.record.get("password")
        if not isinstance(value, Password):
            return True
        foreign = bool(value.plain) and value.plain != self.password
        return not (foreign or (not value.plain and value.hash and self.record.is_new))

    def _check_new(self) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        is_new = self.record.is_new
        if not self.password and (is_new or self.confirm or self.old):
            errors["password"] = _REQUIRED
        if not self.confirm and (is_new or self.password or self.old):
            errors["passwordConfirm"] = _REQUIRED
        elif self.confirm != self.password:
            errors["passwordConfirm"] = _MISMATCH
        return errors

    async def _check_old(self, tenant: Tenant) -> dict[str, Any] | None:
        if not self.old:
            return _REQUIRED
        stored = self.record.original.get("password")
        hashed = stored.hash if isinstance(stored, Password) else ""
        return None if await password_matches(tenant.workers, self.old, hashed) else _OLD_PASSWORD


def _text(value: Any) -> str:
    return value.plain if isinstance(value, Password) else go_cast.to_string(value)


def load(record: Record, data: Mapping[str, Any], info: RequestInfo) -> AuthForm:
    """Set what was sent on the record; what is no field is ignored, hidden fields only a superuser sets."""
    is_auth = record.collection.is_auth
    for key, value in data.items():
        field = record.collection.field(key)
        if field is None or key == "expand":
            continue
        if field.hidden and not info.is_superuser and not (is_auth and key == "password"):
            continue
        record.set(key, value)
    form = AuthForm(record, data)
    form.manages = info.is_superuser
    return form

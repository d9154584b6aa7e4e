"""The collections that a fresh tenant has: the system's own, and `users`."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from pbe.schema import Collection, Field
from pbe.schema.collection import new
from pbe.schema.field_autodate import AutodateField
from pbe.schema.field_file import FileField
from pbe.schema.field_password import PasswordField
from pbe.schema.field_text import TextField
from pbe.schema.fields import add

Secret = Callable[[], str]
OTP_COST = 8
SUPERUSER_TOKEN_S = 86400
_OWNER = "@request.auth.id != '' && recordRef = @request.auth.id && collectionRef = @request.auth.collectionId"
_IMAGES = ("image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp")


def all_of(secret: Secret) -> list[Collection]:
    """In the order in which stock PocketBase creates them; `created` and `updated` are still empty."""
    return [_mfas(), _otps(), _external_auths(), _auth_origins(), _superusers(secret), _users(secret)]


def _text(name: str, **options: Any) -> Field:
    return TextField(name=name, system=True, **({"required": True} | options))


def _dates(*, system: bool) -> tuple[Field, Field]:
    return (
        AutodateField(name="created", system=system, on_create=True),
        AutodateField(name="updated", system=system, on_create=True, on_update=True),
    )


def _owned(name: str, *fields: Field, indexes: tuple[str, ...], may_delete: bool) -> Collection:
    """A system collection whose records belong to the auth record they name."""
    made = new("base", name, lambda: "")
    return made.evolve(
        system=True,
        list_rule=_OWNER,
        view_rule=_OWNER,
        delete_rule=_OWNER if may_delete else None,
        fields=add(made.fields, _text("collectionRef"), _text("recordRef"), *fields, *_dates(system=True)),
        indexes=indexes,
    )


def _mfas() -> Collection:
    index = "CREATE INDEX `idx_mfas_collectionRef_recordRef` ON `_mfas` (collectionRef,recordRef)"
    return _owned("_mfas", _text("method"), indexes=(index,), may_delete=False)


def _otps() -> Collection:
    index = "CREATE INDEX `idx_otps_collectionRef_recordRef` ON `_otps` (collectionRef, recordRef)"
    password = PasswordField(name="password", system=True, hidden=True, required=True, cost=OTP_COST)
    sent_to = _text("sentTo", hidden=True, required=False)
    return _owned("_otps", password, sent_to, indexes=(index,), may_delete=False)


def _external_auths() -> Collection:
    start = "CREATE UNIQUE INDEX `idx_externalAuths_"
    indexes = (
        f"{start}record_provider` ON `_externalAuths` (collectionRef, recordRef, provider)",
        f"{start}collection_provider` ON `_externalAuths` (collectionRef, provider, providerId)",
    )
    return _owned("_externalAuths", _text("provider"), _text("providerId"), indexes=indexes, may_delete=True)


def _auth_origins() -> Collection:
    index = (
        "CREATE UNIQUE INDEX `idx_authOrigins_unique_pairs` ON `_authOrigins` (collectionRef, recordRef, fingerprint)"
    )
    return _owned("_authOrigins", _text("fingerprint"), indexes=(index,), may_delete=True)


def _superusers(secret: Secret) -> Collection:
    made = new("auth", "_superusers", secret)
    options: dict[str, Any] = deepcopy(dict(made.options))
    options["authToken"]["duration"] = SUPERUSER_TOKEN_S
    return made.evolve(system=True, fields=add(made.fields, *_dates(system=True)), options=options)


def _users(secret: Secret) -> Collection:
    made = new("auth", "users", secret, collection_id="_pb_users_auth_")
    options: dict[str, Any] = deepcopy(dict(made.options))
    options["oauth2"]["mappedFields"] |= {"name": "name", "avatarURL": "avatar"}
    own = "id = @request.auth.id"
    avatar = FileField(name="avatar", max_select=1, mime_types=_IMAGES)
    fields = add(made.fields, TextField(name="name", max=255), avatar, *_dates(system=False))
    return made.evolve(
        list_rule=own, view_rule=own, create_rule="", update_rule=own, delete_rule=own, fields=fields, options=options
    )

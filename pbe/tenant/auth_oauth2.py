"""Logging in with a provider: the code becomes the provider's user, and that one a record, linked or made.

Theory of operation. All talk with the provider comes first; one transaction then makes or changes the record and its
link. A record whose address nobody has proved may have been made by somebody else: before it is linked, its password
and its other links go. The provider's word for an address verifies the record's.
"""

from dataclasses import replace
from typing import Any

from pbe.errors import BadRequest
from pbe.schema import index
from pbe.schema.collection import Collection
from pbe.schema.field_file import FileField
from pbe.schema.field_text import TextField
from pbe.tenant import auth_avatar, record_actions
from pbe.tenant.auth_events import OAuth2Event
from pbe.tenant.auth_exchange import Exchange, TokenRefused
from pbe.tenant.auth_find import EXTERNAL_AUTHS, by_email, of_record, system_collection
from pbe.tenant.auth_profile import OAuthUser, ProfileRefused
from pbe.tenant.auth_provider import Provider
from pbe.tenant.auth_secret import PASSWORD_CHARS, random_password
from pbe.tenant.auth_session import OAUTH2, Login, Session, respond
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_delete import delete
from pbe.tenant.record_form import Files
from pbe.tenant.record_invalid import Invalid
from pbe.tenant.record_read import find, find_where
from pbe.tenant.record_save import save
from pbe.tenant.secret import secret_text
from pbe.tenant.unit import Unit, transact

FAILED = "Failed to authenticate."
LINKS_READ_MAX = 50
APPLE_NAME = "@redirect_name_"


async def log_in(
    login: Login,
    collection: Collection,
    provider: Provider,
    *,
    code: str,
    verifier: str,
    redirect_url: str,
    create_data: dict[str, Any],
) -> Session:
    """The answer to a log-in with a provider's code. Raises `BadRequest`, and what making a record raises."""
    tenant = login.tenant
    user = await _provider_user(login, provider, code, verifier, redirect_url)
    unit = Unit(tenant)
    link = await _link(unit, collection, provider, user)
    record = await _record_of(unit, login, collection, link, user)
    event = OAuth2Event(
        login.info, collection, record, unit, provider_name=provider.name, user=user, create_data=create_data
    )
    sessions: list[Session] = []

    async def act(_: Event) -> None:
        files = await _avatar(login, event)
        try:
            found = await transact(tenant, lambda inner: _submit(inner, login, event, link, files), exclusive=True)
        except Invalid as error:
            message = FAILED if error.message == BadRequest.default_message else error.message
            raise BadRequest(message, error.data) from error
        meta = {**event.user.meta(), "isNew": event.is_new}
        sessions.append(await respond(login, found, OAUTH2, meta))

    await tenant.pipeline.trigger(event, act)
    return sessions[0]


async def _provider_user(login: Login, provider: Provider, code: str, verifier: str, redirect_url: str) -> OAuthUser:
    tenant = login.tenant
    outbound = tenant.services.outbound
    if outbound is None:
        raise BadRequest("Failed to fetch OAuth2 token.", cause="this node makes no connections for tenants")
    exchange = Exchange(provider, outbound, tenant.now)
    try:
        await exchange.token(code, verifier, redirect_url)
    except TokenRefused as error:
        raise BadRequest("Failed to fetch OAuth2 token.", cause=str(error)) from error
    try:
        user = await exchange.user()
    except ProfileRefused as error:
        raise BadRequest("Failed to fetch OAuth2 user.", cause=str(error)) from error
    if provider.name == "apple" and not user.name:
        user = replace(user, name=tenant.ephemera.pop(APPLE_NAME + code) or "")
    return user


async def _link(unit: Unit, collection: Collection, provider: Provider, user: OAuthUser) -> Record | None:
    links = system_collection(unit.tenant, EXTERNAL_AUTHS)
    for link in await find_where(unit, links, "providerId", user.id, limit=LINKS_READ_MAX):
        if link.get("provider") == provider.name and link.get("collectionRef") == collection.id:
            return link
    return None


async def _record_of(
    unit: Unit, login: Login, collection: Collection, link: Record | None, user: OAuthUser
) -> Record | None:
    """The linked record; else the caller's own; else the one with the address that the provider vouches for."""
    if link is not None:
        record = await find(unit, collection, str(link.get("recordRef")))
        if record is None:
            raise BadRequest(FAILED, cause="the link leads to no record")
        return record
    auth = login.info.auth
    if auth is not None and auth.collection.id == collection.id:
        return auth.fresh()
    return await by_email(unit, collection, user.email) if user.email else None


async def _submit(unit: Unit, login: Login, event: OAuth2Event, link: Record | None, files: Files) -> Record:
    """Make or change the record, and link it; all in the unit's transaction."""
    if event.record is None:
        record = await _create(unit, login, event, files)
    else:
        record = event.record
        if not record.get("verified"):
            link = None
        await _update(unit, login, record, event.user)
    if link is None:
        made = Record.new(system_collection(unit.tenant, EXTERNAL_AUTHS))
        made.put("collectionRef", record.collection.id)
        made.put("recordRef", record.id)
        made.put("provider", event.provider_name)
        made.put("providerId", event.user.id)
        await save(unit, made)
    return record


async def _create(unit: Unit, login: Login, event: OAuth2Event, files: Files) -> Record:
    if event.collection.name == "_superusers":
        raise BadRequest(FAILED, cause="superusers are not allowed to sign up with OAuth2")
    body = await _payload(unit, event)
    info = replace(login.info, method="POST", body=body, query={})
    made = await record_actions.create(unit, info, event.collection, files)
    record = await find(unit, event.collection, made.id)
    if record is None:
        raise BadRequest(FAILED, cause="the record that was made is not there")
    if record.get("email") == event.user.email and not record.get("verified"):
        record.put("verified", True)
        await save(unit, record)
    return record


async def _payload(unit: Unit, event: OAuth2Event) -> dict[str, Any]:
    """What was sent, and of the provider's user what the collection maps and nobody sent."""
    user, mapped = event.user, event.collection.options["oauth2"]["mappedFields"]
    body = dict(event.create_data)
    if not isinstance(body.get("email"), str) or not body["email"]:
        body["email"] = user.email
    known = {"id": user.id, "name": user.name}
    if await _may_have_username(unit, event.collection, mapped["username"], user.username):
        known["username"] = user.username
    avatar = event.collection.field(mapped["avatarURL"])
    if user.avatar_url and not isinstance(avatar, FileField):
        known["avatarURL"] = user.avatar_url
    for key, value in known.items():
        if mapped[key]:
            body.setdefault(mapped[key], value)
    if "password" not in body:
        body["password"] = body["passwordConfirm"] = secret_text(unit.tenant.services.random_bytes, PASSWORD_CHARS)
    return body


async def _may_have_username(unit: Unit, collection: Collection, field_name: str, username: str) -> bool:
    """Whether the provider's user name fits the mapped field and nobody has it where it must be unique."""
    field = collection.field(field_name) if field_name else None
    if field is None or (isinstance(field, TextField) and field.check_text(username) is not None):
        return False
    unique = index.single_unique(collection.indexes, field_name)
    if unique is None:
        return True
    nocase = unique.columns[0].collate.lower() == "nocase"
    return not await find_where(unit, collection, field_name, username, nocase=nocase)


async def _update(unit: Unit, login: Login, record: Record, user: OAuthUser) -> None:
    auth = login.info.auth
    is_own = auth is not None and auth.id == record.id and auth.collection.id == record.collection.id
    changed = False
    if not record.get("verified"):
        if not is_own:
            await random_password(unit.tenant, record)
            changed = True
        for link in await of_record(unit, EXTERNAL_AUTHS, record):
            await delete(unit, link)
    if not record.get("email") and user.email:
        record.put("email", user.email)
        changed = True
    if not record.get("verified") and record.get("email") in ("", user.email):
        record.put("verified", True)
        changed = True
    if changed:
        await save(unit, record)


async def _avatar(login: Login, event: OAuth2Event) -> Files:
    """The provider's picture as an upload, where the collection keeps one and nobody sent another."""
    mapped = event.collection.options["oauth2"]["mappedFields"]["avatarURL"]
    field = event.collection.field(mapped) if mapped else None
    if event.record is not None or not isinstance(field, FileField) or mapped in event.create_data:
        return {}
    file = await auth_avatar.fetch(login.tenant, event.user.avatar_url)
    return {} if file is None else {mapped: [file]}

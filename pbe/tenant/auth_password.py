"""Logging in with an identity and a password."""

from pbe.errors import BadRequest
from pbe.query.select import BASE
from pbe.query.sql import name
from pbe.schema.address import is_email
from pbe.schema.collection import Collection
from pbe.tenant.auth_events import PasswordAuthEvent
from pbe.tenant.auth_find import NoIdentity, by_identity
from pbe.tenant.auth_session import PASSWORD, Login, Session, respond
from pbe.tenant.password import password_matches
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.unit import Unit

FAILED = "Failed to authenticate."
_UNFOUND = "no such record"


async def log_in(login: Login, collection: Collection, identity: str, password: str, identity_field: str) -> Session:
    """The answer to a log-in; `BadRequest` in the same words whatever was wrong.

    A record that does not exist costs a password check all the same, so that the time taken does not tell.
    """
    unit = Unit(login.tenant)
    record = await find_identity(unit, collection, identity, identity_field)
    event = PasswordAuthEvent(
        login.info, collection, record, unit, identity=identity, password=password, identity_field=identity_field
    )
    answer: list[Session] = []

    async def act(_: Event) -> None:
        if event.record is None:
            await _dummy_check(unit, collection, event.password)
            raise BadRequest(FAILED, cause=_UNFOUND)
        if not await check_password(unit, event.record, event.password):
            raise BadRequest(FAILED, cause="invalid login credentials")
        answer.append(await respond(login, event.record, PASSWORD))

    await login.tenant.pipeline.trigger(event, act)
    return answer[0]


async def find_identity(unit: Unit, collection: Collection, identity: str, identity_field: str) -> Record | None:
    """The record that the identity names: by the field that is given, else by each identity field, the e-mail first."""
    if identity_field:
        return await by_identity(unit, collection, identity_field, identity)
    fields = sorted(collection.options["passwordAuth"]["identityFields"], key=lambda field: field != "email")
    failed: NoIdentity | None = None
    for field in fields:
        if field == "email" and not is_email(identity):
            continue
        try:
            record = await by_identity(unit, collection, field, identity)
        except NoIdentity as error:
            failed = error
            continue
        if record is not None:
            return record
        failed = None
    if failed is not None:
        raise failed
    return None


async def check_password(unit: Unit, record: Record, password: str) -> bool:
    """Whether it is the record's password."""
    return await password_matches(unit.tenant.workers, password, record.get("password").hash)


async def _dummy_check(unit: Unit, collection: Collection, password: str) -> None:
    rows = await unit.query(f"SELECT {BASE}.password FROM {name(collection.name)} {BASE} LIMIT 1")
    if rows:
        await password_matches(unit.tenant.workers, password or "-", str(rows[0][0]))

"""Multi-factor authentication: a first method earns an id, a second and different one within its time the session."""

from pbe.errors import BadRequest, PbeError
from pbe.query.errors import FilterError
from pbe.schema import dates
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.auth_find import MFAS, system_collection
from pbe.tenant.record import Record
from pbe.tenant.record_delete import delete
from pbe.tenant.record_read import find, matches
from pbe.tenant.record_save import save
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit


class SecondFactorNeeded(PbeError):
    """The first factor is proved; the client has to come back with `mfa_id` and another method."""

    def __init__(self, mfa_id: str) -> None:
        self.mfa_id = mfa_id
        super().__init__("log in", hint="mfa required")


async def check(unit: Unit, info: RequestInfo, record: Record, method: str, mfa_id: str) -> None:
    """Return where `method` completes the log-in; raise SecondFactorNeeded or BadRequest where it does not."""
    options = record.collection.options["mfa"]
    if not options["enabled"] or not await _wanted(unit, info, record, options["rule"]):
        return
    if not mfa_id:
        raise SecondFactorNeeded(await _begin(unit, record, method))
    mfa = await find(unit, system_collection(unit.tenant, MFAS), mfa_id)
    if mfa is None:
        raise BadRequest("Invalid or expired MFA session.")
    if unit.tenant.now() - dates.to_seconds(mfa.get("created")) > options["duration"]:
        await delete(unit, mfa)
        raise BadRequest("Invalid or expired MFA session.")
    if mfa.get("recordRef") != record.id or mfa.get("collectionRef") != record.collection.id:
        raise BadRequest("Invalid MFA session.")
    if mfa.get("method") == method:
        raise BadRequest("A different authentication method is required.")
    await delete(unit, mfa)


async def _wanted(unit: Unit, info: RequestInfo, record: Record, rule: str) -> bool:
    try:
        return not rule or await matches(unit, record.collection, record.id, rule, info)
    except (FilterError, SqlError) as error:
        raise BadRequest("Failed to authenticate.", cause=f"MFA rule failure: {error}") from error


async def _begin(unit: Unit, record: Record, method: str) -> str:
    mfa = Record.new(system_collection(unit.tenant, MFAS))
    mfa.put("collectionRef", record.collection.id)
    mfa.put("recordRef", record.id)
    mfa.put("method", method)
    await save(unit, mfa)
    return mfa.id

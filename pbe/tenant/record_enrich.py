"""Making records ready to be shown: whose fields and e-mails are visible, and what is expanded."""

from collections.abc import Awaitable, Callable, Sequence

from twisted.logger import Logger

from pbe.errors import PbeError
from pbe.query.errors import FilterError
from pbe.schema.collection import Collection
from pbe.tenant import record_expand
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_events import RecordEnrichEvent
from pbe.tenant.record_read import find_many, matching_ids
from pbe.tenant.request_info import EXPAND, RequestInfo
from pbe.tenant.unit import Unit

_log = Logger()


async def enrich(unit: Unit, info: RequestInfo, records: Sequence[Record], *, expand: str | None = None) -> None:
    """Prepare records of one collection for whoever asks; `expand` is the request's unless it is given.

    What cannot be expanded is left out and logged; the rest of the answer stands.
    """
    if not records:
        return
    paths = info.query.get("expand", "") if expand is None else expand

    async def default() -> None:
        try:
            await show(unit, info, records)
            if paths:
                await record_expand.expand(unit, records, paths.split(","), _fetcher(unit, info))
        except PbeError as error:
            _log.debug("records are shown without all that was asked for: {error}", error=error)

    await _hooked(unit, info, records, default)


async def _hooked(
    unit: Unit, info: RequestInfo, records: Sequence[Record], default: Callable[[], Awaitable[None]]
) -> None:
    """Run each record's enrich hooks, nested in one another, with `default` innermost."""
    pipeline = unit.tenant.pipeline
    if not pipeline.has("onRecordEnrich"):
        await default()
        return

    async def from_(position: int) -> None:
        if position == len(records):
            await default()
            return

        async def inner(_: Event) -> None:
            await from_(position + 1)

        await pipeline.trigger(RecordEnrichEvent(info, records[position]), inner)

    await from_(0)


async def show(unit: Unit, info: RequestInfo, records: Sequence[Record]) -> None:
    """Set who may see what: a superuser everything, an owner and a manager the e-mail.

    Raises `FilterError` for a manage rule that cannot be compiled.
    """
    collection = records[0].collection
    if info.is_superuser:
        for record in records:
            record.show_all = True
            record.email_shown = True
        return
    if not collection.is_auth or info.auth is None:
        if collection.is_auth:
            await _show_managed(unit, info, records)
        return
    for record in records:
        if record.id == info.auth.id:
            record.email_shown = True
    await _show_managed(unit, info, records)


async def _show_managed(unit: Unit, info: RequestInfo, records: Sequence[Record]) -> None:
    collection = records[0].collection
    rule = collection.manage_rule
    if not rule:
        return
    managed = await matching_ids(unit, collection, [record.id for record in records], rule, info)
    for record in records:
        if record.id in managed:
            record.email_shown = True


def _fetcher(unit: Unit, info: RequestInfo) -> record_expand.Fetch:
    """What reads related records under the other collection's view rule, shown as whoever asks may see them."""
    inner = info.within(EXPAND)

    async def fetch(collection: Collection, ids: Sequence[str]) -> list[Record]:
        rule = "" if info.is_superuser else collection.view_rule
        if rule is None:
            raise FilterError(f"only superusers can view collection {collection.name} records")
        found = await find_many(unit, collection, ids, rule=rule, info=inner)
        if not found:
            return found

        async def default() -> None:
            try:
                await show(unit, inner, found)
            except FilterError as error:
                _log.debug("expanded records keep their e-mails hidden: {error}", error=error)

        await _hooked(unit, inner, found, default)
        return found

    return fetch

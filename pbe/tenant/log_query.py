"""Reading a tenant's log: pages, one entry, and how many there were in each hour."""

from collections.abc import Mapping
from typing import Any

import orjson

from pbe.errors import BadRequest, NotFound
from pbe.query.errors import FilterError
from pbe.query.select import BASE, count, rows
from pbe.query.simple import SimpleNames, simple_select
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.record_list import read_page
from pbe.tenant.tenant import Tenant

TABLE = "_logs"
NAMES = ("id", "created", "level", "message", "data", r"^data\.[\w\.\:]*\w+$")
_COLUMNS = "id, created, data, message, level"
_SELECT = ", ".join(f"{BASE}.{name}" for name in _COLUMNS.split(", "))


async def page(tenant: Tenant, query: Mapping[str, str]) -> dict[str, Any]:
    """The page of entries that a query string asks for; `BadRequest` for what is wrong with it."""
    wanted = read_page(query)
    await tenant.log.settle()
    try:
        compiled = simple_select(TABLE, SimpleNames(NAMES, tenant.now()), wanted.filter, wanted.sort)
        total = -1
        if not wanted.skip_total:
            counting = count(compiled)
            total = int((await tenant.auxiliary.query(counting.sql, counting.params, heavy=True))[0][0])
        statement = rows(compiled, _SELECT, wanted.per_page, wanted.offset)
        found = await tenant.auxiliary.query(statement.sql, statement.params, heavy=True)
    except (FilterError, SqlError) as error:
        raise BadRequest(cause=str(error)) from error
    return {
        "items": [_entry(row) for row in found],
        "page": wanted.page,
        "perPage": wanted.per_page,
        "totalItems": total,
        "totalPages": -1 if total < 0 else -(-total // wanted.per_page),
    }


async def entry(tenant: Tenant, log_id: str) -> dict[str, Any]:
    """One entry; `NotFound`."""
    await tenant.log.settle()
    found = await tenant.auxiliary.query(f"SELECT {_COLUMNS} FROM `_logs` WHERE id = ? LIMIT 1", (log_id,))
    if not found:
        raise NotFound
    return _entry(found[0])


async def stats(tenant: Tenant, filter_text: str) -> list[dict[str, Any]]:
    """Entries by hour, those that the filter selects; `BadRequest`."""
    await tenant.log.settle()
    try:
        compiled = simple_select(TABLE, SimpleNames(NAMES, tenant.now()), filter_text, "")
    except FilterError as error:
        raise BadRequest("Invalid filter format.", cause=str(error)) from error
    where = f" WHERE {compiled.where.text}" if compiled.where.text else ""
    sql = (
        f"SELECT count({BASE}.id), strftime('%Y-%m-%d %H:00:00', {BASE}.created) AS date"
        f" FROM `_logs` {BASE}{where} GROUP BY date"
    )
    try:
        found = await tenant.auxiliary.query(sql, compiled.where.params, heavy=True)
    except SqlError as error:
        raise BadRequest("Failed to generate logs stats.", cause=str(error)) from error
    return [{"total": total, "date": f"{date}.000Z"} for total, date in found]


def _entry(row: tuple[Any, ...]) -> dict[str, Any]:
    log_id, created, data, message, level = row
    return {"id": log_id, "created": created, "data": orjson.Fragment(data or "{}"), "message": message, "level": level}

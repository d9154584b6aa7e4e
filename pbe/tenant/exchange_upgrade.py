"""Brings the databases of an older PocketBase (0.23 and later) to what 0.40 makes of them when it opens them.

The steps are the stock server's migrations since 0.23 that its own fresh databases need none of, by the names under
which `_migrations` remembers them. Databases from before 0.23 have another layout; they are refused.
"""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from pbe.errors import BadRequest
from pbe.schema import collection_templates as templates
from pbe.schema import index
from pbe.schema.collection import Collection
from pbe.schema.table_sync import quoted
from pbe.storage.sqlite import Transaction
from pbe.tenant.bootstrap_sql import MIGRATIONS
from pbe.tenant.collection_actions import change
from pbe.tenant.collection_draft import Draft
from pbe.tenant.collection_save import save
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit

ALERTS = "1763020353_update_default_auth_alert_templates.go"
INDEXES = "1778828400_normalize_indexes.go"
TOO_OLD = (
    "The databases are of PocketBase before 0.23, which 0.40 cannot open as they are: "
    "let a stock PocketBase between 0.23 and 0.40 open the pb_data once, then import it."
)
_OLD_ALERT = "\n".join(
    (
        "<p>Hello,</p>",
        "<p>We noticed a login to your {APP_NAME} account from a new location.</p>",
        "<p>If this was you, you may disregard this email.</p>",
        "<p><strong>If this wasn't you, you should immediately change your {APP_NAME} account password to revoke access"
        " from all other locations.</strong></p>",
        "<p>\n  Thanks,<br/>\n  {APP_NAME} team\n</p>",
    )
)


def refuse_old(columns: Iterable[str]) -> None:
    """`BadRequest` where these columns of `_collections` are not those of 0.23 and later."""
    if not {"fields", "options", "indexes"} <= set(columns):
        raise BadRequest(TOO_OLD)


async def upgrade(tenant: Tenant) -> None:
    """Run the steps that the tenant's data.db has not behind it. Raises `BadRequest` where one cannot be done."""
    done = {str(row[0]) for row in await tenant.data.query("SELECT file FROM `_migrations`")}
    if not set(MIGRATIONS) - done:
        return
    now_us = int(tenant.now() * 1_000_000)

    async def work(unit: Unit, draft: Draft) -> None:
        if ALERTS not in done:
            await _renew_alerts(unit, draft)
        if INDEXES not in done:
            await _normalize_indexes(unit, draft)
        missing = [(name, now_us + at) for at, name in enumerate(MIGRATIONS) if name not in done]
        draft.tx.execute_many("INSERT INTO `_migrations` (file, applied) VALUES (?, ?)", missing)

    await change(tenant, work)


async def _renew_alerts(unit: Unit, draft: Draft) -> None:
    """Alerts that nobody has changed get the text of today."""
    for entry in draft.catalog.collections():
        if entry.is_auth and entry.options["authAlert"]["emailTemplate"]["body"] == _OLD_ALERT:
            options: dict[str, Any] = deepcopy(dict(entry.options))
            options["authAlert"]["emailTemplate"]["body"] = templates.auth_alert()["body"]
            await save(unit, draft, entry.evolve(options=options))


async def _normalize_indexes(unit: Unit, draft: Draft) -> None:
    """Indexes that the database has and the collection does not know are made known, in the one form of today."""
    for entry in draft.catalog.collections():
        if entry.system or entry.is_view:
            continue
        real = _real_indexes(draft.tx, entry.name)
        if not real and not entry.indexes:
            continue
        known = {index.parse(text).name.lower() for text in entry.indexes}
        lost = [one for one in real if one.name.lower() not in known]
        for one in lost:
            draft.tx.execute(f"DROP INDEX IF EXISTS {quoted(one.name)}")
        kept = [one.sql() for one in lost if not _needless(entry, one)]
        await save(unit, draft, entry.evolve(indexes=(*entry.indexes, *kept)))


def _real_indexes(tx: Transaction, table: str) -> list[index.Index]:
    rows = tx.query("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,))
    return [replace(index.parse(str(row[0])), schema="", table=table) for row in rows]


def _needless(entry: Collection, lost: index.Index) -> bool:
    """Whether the collection has the same index under another name, or always has one like it."""
    single = lost.columns[0].name.lower() if len(lost.columns) == 1 else ""
    if entry.is_auth and lost.unique and single in ("tokenkey", "email"):
        return True
    mine = lost.sql()
    return any(
        replace(index.parse(text), name=lost.name, schema="", table=lost.table).sql() == mine for text in entry.indexes
    )

"""Makes a tenant's databases what stock PocketBase 0.40 makes of an empty folder: the same tables, indexes and rows."""

from collections.abc import Callable

from pbe.schema import Collection, dates
from pbe.storage.sqlite import Database, Transaction
from pbe.storage.sqlite_connection import open_connection
from pbe.tenant import bootstrap_collections as collections_of
from pbe.tenant.bootstrap_sql import AUXILIARY, DATA, HOOKS, MIGRATIONS
from pbe.tenant.collection_row import insert_collection
from pbe.tenant.collection_table import create_table
from pbe.tenant.secret import secret_text
from pbe.tenant.settings import Settings

SECRET_CHARS = 50


async def bootstrap(
    data: Database, auxiliary: Database, hooks: Database, now_s: float, random_bytes: Callable[[int], bytes]
) -> None:
    """Create what is missing; a database that has its first table is left as it is.

    Only for databases that nobody replicates or writes yet. Does not wait: it takes some milliseconds where it creates.
    """
    if not await _has_table(data, "_collections"):
        made = collections_of.all_of(lambda: secret_text(random_bytes, SECRET_CHARS))
        _at_once(data, lambda tx: _create_data(tx, now_s, made))
    if not await _has_table(auxiliary, "_logs"):
        _at_once(auxiliary, lambda tx: tx.execute(AUXILIARY))
    if not await _has_table(hooks, "hooks"):
        _at_once(hooks, lambda tx: tx.execute(HOOKS))


async def _has_table(database: Database, name: str) -> bool:
    return bool(await database.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))


def _at_once(database: Database, work: Callable[[Transaction], None]) -> None:
    """Run the work in a transaction of a connection of its own."""
    connection = open_connection(database.path)
    try:
        with connection:
            work(Transaction(connection))
    finally:
        connection.close()


def _create_data(tx: Transaction, now_s: float, collections: list[Collection]) -> None:
    tx.execute(DATA)
    applied = int(now_s * 1_000_000)
    tx.execute_many(
        "INSERT INTO `_migrations` (file, applied) VALUES (?, ?)",
        [(name, applied + number) for number, name in enumerate(MIGRATIONS)],
    )
    now = dates.from_seconds(now_s)
    tx.execute(
        "INSERT INTO `_params` (id, value, created, updated) VALUES ('settings', ?, ?, ?)",
        (Settings.default().to_json(), now, now),
    )
    for number, entry in enumerate(collections):
        # A millisecond apart, so that they sort by age as they were made.
        made = dates.from_seconds(now_s + number / 1000)
        stamped = entry.evolve(created=made, updated=made)
        insert_collection(tx, stamped)
        create_table(tx, stamped)

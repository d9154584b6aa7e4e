"""Runs the steps that make a collection's table what the collection says."""

from collections.abc import Iterable

from pbe.errors import BadRequest, PbeError, field_error
from pbe.schema import Collection, index
from pbe.schema.sql_statement import first_statement
from pbe.schema.table_sync import Step, create_steps, quoted, update_steps
from pbe.storage.sqlite import Transaction
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.sql_message import driver_text


class SchemaFailure(PbeError):
    """A statement about tables failed; `text` is what a superuser is told."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__("change a table", text)


def create_table(tx: Transaction, collection: Collection) -> None:
    """Create the table and indexes of a collection that is no view."""
    run_steps(tx, collection, create_steps(collection))


def sync_table(tx: Transaction, collection: Collection, old: Collection | None) -> None:
    """Make the table of `old` that of `collection`; creates it where there is none.

    Raises `BadRequest` with the indexes that could not be created, `SchemaFailure` for anything else.
    """
    if old is None or not has_table(tx, old.name):
        create_table(tx, collection)
    else:
        run_steps(tx, collection, update_steps(collection, old))


def has_table(tx: Transaction, name: str) -> bool:
    """Whether there is a table or view of this name, in any case."""
    sql = "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND LOWER(name) = LOWER(?)"
    return bool(tx.query(sql, (name,)))


def drop_table(tx: Transaction, name: str) -> None:
    """Drop a table with its rows and indexes."""
    _run(tx, Step(f"DROP TABLE IF EXISTS {quoted(name)}"))


def drop_view(tx: Transaction, name: str) -> None:
    """Drop a view."""
    _run(tx, Step(f"DROP VIEW IF EXISTS {quoted(name)}"))


def run_steps(tx: Transaction, collection: Collection, steps: Iterable[Step]) -> None:
    """Run the steps in order; all indexes are tried before their errors are raised."""
    errors = {}
    views: list[tuple[str, str]] = []
    for step in steps:
        if step.views and not views:
            views = _take_views(tx)
        elif views and not step.views:
            _bring_back(tx, views)
            views = []
        if step.index >= 0:
            entry = _create_index(tx, collection, step)
            if entry is not None:
                errors[str(step.index)] = entry
        else:
            _run(tx, step)
    _bring_back(tx, views)
    if errors:
        raise BadRequest(data={"indexes": errors})


def _run(tx: Transaction, step: Step) -> None:
    try:
        tx.execute(step.sql)
    except SqlError as error:
        raise SchemaFailure(step.failure + driver_text(error)) from error


def _create_index(tx: Transaction, collection: Collection, step: Step) -> dict[str, object] | None:
    code = "validation_invalid_index_expression"
    if not step.sql:
        return field_error(code, "Invalid CREATE INDEX expression.")
    try:
        tx.execute(first_statement(step.sql))
    except SqlError as error:
        name = index.parse(collection.indexes[step.index]).name
        return field_error(code, f"Failed to create index {name} - {driver_text(error)}.")
    return None


def _take_views(tx: Transaction) -> list[tuple[str, str]]:
    found = tx.query("SELECT name, sql FROM sqlite_master WHERE type = 'view' AND sql IS NOT NULL")
    views = [(str(name), str(sql)) for name, sql in found]
    for name, _ in views:
        drop_view(tx, name)
    return views


def _bring_back(tx: Transaction, views: list[tuple[str, str]]) -> None:
    for _, sql in views:
        _run(tx, Step(sql))

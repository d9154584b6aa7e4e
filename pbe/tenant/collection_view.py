"""Views in the database: their fields, and creating them."""

from collections.abc import Callable

from pbe.schema.collection import Collection
from pbe.schema.fields import Fields, build
from pbe.schema.sql_statement import first_statement
from pbe.schema.table_sync import quoted
from pbe.schema.view_query import ViewError, parse, plain_field, single_statement, suggest
from pbe.storage.sqlite import Transaction
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.collection_table import drop_view
from pbe.tenant.secret import secret_text
from pbe.tenant.sql_message import driver_text

MISSING_ID = "missing required id column (you can use `(ROW_NUMBER() OVER()) as id` if you don't have one)"
Columns = list[tuple[str, str]]
Random = Callable[[int], bytes]


def view_fields(
    tx: Transaction, query: str, by_exact_name: Callable[[str], Collection | None], random_bytes: Random
) -> Fields:
    """The fields of a view of this query; `ViewError` where it cannot be one."""
    suggested = suggest(query, by_exact_name, lambda: "_clone_" + secret_text(random_bytes, 4))
    columns = query_columns(tx, query, random_bytes)
    fields = build(suggested[name].field if name in suggested else plain_field(name) for name, _ in columns)
    if not any(name == "id" for name, _ in columns):
        raise ViewError(MISSING_ID, fields)
    return fields


def query_columns(tx: Transaction, query: str, random_bytes: Random) -> Columns:
    """The columns of the query's result with their types, by a view that is undone again."""
    name = "_temp_" + secret_text(random_bytes, 6)
    create_view(tx, name, query)
    columns = _table_columns(tx, name)
    drop_view(tx, name)
    return columns


def _table_columns(tx: Transaction, name: str) -> Columns:
    try:
        return [(str(row[1]), str(row[2])) for row in tx.query(f"PRAGMA table_info({quoted(name)})")]
    except SqlError as error:
        raise ViewError(driver_text(error)) from error


def create_view(tx: Transaction, name: str, query: str) -> None:
    """Create the view, in place of one of that name; `ViewError` where the query is no SELECT."""
    drop_view(tx, name)
    text = single_statement(query)
    try:
        tx.execute(first_statement(f"CREATE VIEW {quoted(name)} AS SELECT * FROM ({text})"))
    except SqlError as error:
        raise ViewError(driver_text(error)) from error
    try:
        _table_columns(tx, name)
    except ViewError:
        drop_view(tx, name)
        raise


def with_text_id(tx: Transaction, query: str, random_bytes: Random) -> str:
    """The query, wrapped where needed so that its id is text."""
    text = query.strip().strip(";")
    for name, kind in query_columns(tx, text, random_bytes):
        if name.lower() == "id" and kind.upper() == "TEXT":
            return text
    chosen = ",".join(
        f"CAST({quoted(column.alias)} as TEXT) {quoted(column.alias)}" if column.alias == "id" else quoted(column.alias)
        for column in parse(text).columns
    )
    return f"SELECT {chosen} FROM ({text})"

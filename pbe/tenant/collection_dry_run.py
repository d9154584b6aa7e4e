"""What a view of a query would look like: its fields and its first rows, nothing stored."""

from dataclasses import dataclass

from pbe.schema.collection import Collection
from pbe.schema.collection_validate import field_settings_errors
from pbe.schema.fields import Fields
from pbe.schema.view_query import ViewError, single_statement
from pbe.storage.sqlite import Transaction
from pbe.tenant.catalog import Catalog
from pbe.tenant.collection_view import Random, view_fields, with_text_id
from pbe.tenant.record import Record
from pbe.tenant.record_shape import shape_of
from pbe.tenant.secret import secret_text
from pbe.tenant.validation_text import sentence_of

SAMPLE_ROWS = 10


@dataclass(frozen=True, slots=True)
class DryRun:
    """The fields and the first records."""

    fields: Fields
    sample: list[Record]


def dry_run(tx: Transaction, query: str, catalog: Catalog, random_bytes: Random) -> DryRun:
    """Try the query; `ViewError` where it cannot be a view's, `SqlError` where its rows cannot be read."""
    query = single_statement(query)
    fields = view_fields(tx, query, catalog.exactly_named, random_bytes)
    name = "temp_view_" + secret_text(random_bytes, 5)
    imagined = Collection(name=name, type="view", fields=fields, is_new=True)
    for number, field in enumerate(fields):
        errors = field_settings_errors(field, imagined, None, catalog.collection)
        if errors:
            raise ViewError(f'invalid field "{field.name}" ({number}): {sentence_of(errors)}')
    source = with_text_id(tx, query, random_bytes)
    rows = tx.query(f"SELECT {shape_of(imagined).select} FROM (SELECT * FROM ({source})) AS t LIMIT {SAMPLE_ROWS}")
    return DryRun(fields, _checked([Record.from_row(imagined, row) for row in rows]))


def _checked(records: list[Record]) -> list[Record]:
    seen: set[str] = set()
    for record in records:
        if not record.id:
            raise ViewError("the query could return records with empty or invalid ids")
        if record.id in seen:
            raise ViewError("the query could return records with non-unique ids")
        seen.add(record.id)
    return records

"""What makes a collection's indexes valid."""

from typing import Any, Protocol

from pbe.errors import field_error
from pbe.schema import index
from pbe.schema.collection import Collection

Errors = dict[str, Any]
REQUIRED_UNIQUE = ("tokenKey", "email")


class IndexNames(Protocol):
    """The indexes of the whole database."""

    def index_table(self, index_name: str, except_tables: tuple[str, ...]) -> str:
        """The table of the index with this name, in any case, unless it is one of `except_tables`; "" for none."""


def indexes_error(new: Collection, old: Collection | None, names: IndexNames) -> Errors | None:
    """The first error of the indexes."""
    if new.is_view and new.indexes:
        return field_error("validation_indexes_not_supported", "View collections don't support indexes.")
    return _own_errors(new, old, names) or _unique_lost(new, old) or _required_missing(new)


def _own_errors(new: Collection, old: Collection | None, names: IndexNames) -> Errors | None:
    seen_names: set[str] = set()
    seen_definitions: set[str] = set()
    tables = (old.name if old is not None else "", new.name)
    for number, text in enumerate(new.indexes):
        parsed = index.parse(text).on("validator")
        definition = index.Index(
            "validator", "validator", "validator", parsed.where, parsed.columns, parsed.unique, parsed.optional
        ).sql()
        error: Errors | None = None
        if not parsed.valid:
            error = field_error("validation_invalid_index_expression", "Invalid CREATE INDEX expression.")
        elif parsed.name.lower() in seen_names:
            error = field_error("validation_duplicated_index_name", "The index name already exists.")
        elif table := names.index_table(parsed.name, tables):
            said = f"The index name is already used in {table} collection."
            error = field_error("validation_existing_index_name", said, {"usedTableName": table})
        elif definition in seen_definitions:
            error = field_error("validation_duplicated_index_definition", "The index definition already exists.")
        if error is not None:
            return {str(number): error}
        seen_names.add(parsed.name.lower())
        seen_definitions.add(definition)
    return None


def _unique_lost(new: Collection, old: Collection | None) -> Errors | None:
    """Unique indexes on system fields have to stay, whatever their names, collations and conditions."""
    if old is None:
        return None
    system = {field.name.lower(): field.name for field in old.fields if field.system}
    for text in old.indexes:
        before = index.parse(text)
        named = next((system[column.name.lower()] for column in before.columns if column.name.lower() in system), "")
        if not before.unique or not named:
            continue
        if not any(_same(before, index.parse(other)) for other in new.indexes):
            said = f"Unique index definition on system fields ({named}) is invalid or missing."
            return field_error("validation_invalid_unique_system_field_index", said, {"fieldName": named})
    return None


def _same(one: index.Index, other: index.Index) -> bool:
    return (
        one.unsorted().columns == other.unsorted().columns
        and one.unique == other.unique
        and one.optional == other.optional
    )


def _required_missing(new: Collection) -> Errors | None:
    for name in REQUIRED_UNIQUE if new.is_auth else ():
        if index.single_unique(new.indexes, name) is None:
            said = f'Missing required unique index for field "{name}".'
            return field_error("validation_missing_required_unique_index", said, {"fieldName": name})
    return None

"""From one state of a collection to another, in SQL: what to run, in order, as data.

The steps are PocketBase's, since `sqlite_master` keeps their traces: new columns are added under a temporary name and
renamed, so that two fields can swap names; columns that turn from one value to many are copied.
Names are quoted, never trusted. Index statements are SQL of the superuser by design.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pbe.schema import index
from pbe.schema.collection import Collection
from pbe.schema.field import Field

TEMPORARY = "_pbe_tmp"


@dataclass(frozen=True, slots=True)
class Step:
    """One statement. views: it needs all views out of the way, and they come back after it.

    index: the place in `collection.indexes` of the index that it creates, -1 for other statements. failure: how an
    error of it begins for the client, "" for the bare error.
    """

    sql: str
    views: bool = False
    index: int = -1
    failure: str = ""


def quoted(name: str) -> str:
    """An identifier, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def create_steps(collection: Collection) -> list[Step]:
    """A new table, its columns in the order of their names, and its indexes.

    Of two fields with one name the last has the column; that such a collection is not valid is told by validation.
    """
    columns = sorted({field.name: field.column_type() for field in collection.fields}.items())
    body = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns)
    return [Step(f"CREATE TABLE {quoted(collection.name)} ({body})"), *index_steps(collection)]


def index_steps(collection: Collection) -> list[Step]:
    """The collection's indexes; those that are none have an empty statement."""
    return [
        Step(index.parse(text).on(collection.name).sql(), index=number)
        for number, text in enumerate(collection.indexes)
    ]


def update_steps(new: Collection, old: Collection) -> list[Step]:
    """What makes the table of `old` that of `new`."""
    renamed = old.name.lower() != new.name.lower()
    reindexed = (
        renamed
        or [field.json() for field in old.fields] != [field.json() for field in new.fields]
        or old.indexes != new.indexes
    )
    steps: list[Step] = []
    if reindexed:
        names = (index.parse(text).name for text in old.indexes)
        steps += [Step(f"DROP INDEX IF EXISTS {quoted(name)}") for name in names]
    if renamed:
        steps.append(Step(f"ALTER TABLE {quoted(old.name)} RENAME TO {quoted(new.name)}"))
    steps += _column_steps(new, old)
    steps += _reshape_steps(new, old)
    return steps + index_steps(new) if reindexed else steps


def _column_steps(new: Collection, old: Collection) -> Iterable[Step]:
    table = f"ALTER TABLE {quoted(new.name)}"
    for gone in old.fields:
        if new.field_by_id(gone.id) is None:
            yield Step(f"{table} DROP COLUMN {quoted(gone.name)}", failure=f"failed to drop column {gone.name} - ")
    finals: list[Step] = []
    for number, field in enumerate(new.fields):
        before = old.field_by_id(field.id)
        temporary = quoted(f"{field.name}{TEMPORARY}{number}")
        if before is None:
            sql = f"{table} ADD {temporary} {field.column_type()}"
            yield Step(sql, failure=f"failed to add column {field.name} - ")
        elif before.name != field.name:
            sql = f"{table} RENAME COLUMN {quoted(before.name)} TO {temporary}"
            yield Step(sql, failure=f"failed to rename column {before.name} - ")
        else:
            continue
        finals.append(Step(f"{table} RENAME COLUMN {temporary} TO {quoted(field.name)}"))
    yield from finals


def _reshape_steps(new: Collection, old: Collection) -> Iterable[Step]:
    """Columns that turn from one value to many, or back."""
    table = quoted(new.name)
    for field in new.fields:
        before = old.field_by_id(field.id)
        was_many = bool(before.multiple) if before is not None else False
        if was_many == bool(field.multiple) or before is None:
            continue
        temporary = "_" + field.name + TEMPORARY
        yield Step(f"ALTER TABLE {table} RENAME COLUMN {quoted(field.name)} TO {quoted(temporary)}", views=True)
        yield Step(f"ALTER TABLE {table} ADD {quoted(field.name)} {field.column_type()}", views=True)
        yield Step(f"UPDATE {table} SET {quoted(field.name)} = {_copied(field, quoted(temporary))}", views=True)
        yield Step(f"ALTER TABLE {table} DROP COLUMN {quoted(temporary)}", views=True)


def _copied(field: Field, source: str) -> str:
    array = f"json_valid({source}) AND json_type({source}) == 'array'"
    if field.multiple:
        return (
            f"(CASE WHEN COALESCE({source}, '') = '' THEN '[]' "
            f"WHEN {array} THEN {source} ELSE json_array({source}) END)"
        )
    return (
        f"(CASE WHEN COALESCE({source}, '[]') = '[]' THEN '' "
        f"WHEN {array} THEN COALESCE(json_extract({source}, '$[#-1]'), '') ELSE {source} END)"
    )

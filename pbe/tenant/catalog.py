"""The collections of one tenant, in memory."""

from collections.abc import Iterable, Sequence

from pbe.schema import Collection
from pbe.schema.collection import COLUMNS, from_row
from pbe.schema.field_relation import RelationField
from pbe.storage.sqlite import Database, Row, Transaction

_SELECT = f"SELECT {', '.join(f'`{name}`' for name in COLUMNS)} FROM `_collections` ORDER BY rowid"
Reference = tuple[Collection, RelationField]


class Catalog:
    """All collections as last committed, in the order in which they were made.

    generation: counts the replacements; whoever keeps what he derived of a collection keeps this beside it. Whoever
    changes `_collections` calls `replace` after the commit.
    """

    def __init__(self, collections: Iterable[Collection] = ()) -> None:
        self.generation = 0
        self._set(collections)

    def _set(self, collections: Iterable[Collection]) -> None:
        self._all: tuple[Collection, ...] = tuple(collections)
        self._found: dict[str, Collection] = {}
        self._references: dict[str, list[Reference]] | None = None
        for entry in reversed(self._all):
            self._found[entry.id] = entry
            self._found[entry.name.lower()] = entry

    def replace(self, collections: Iterable[Collection]) -> None:
        """Take these collections instead."""
        self._set(collections)
        self.generation += 1

    async def reload(self, data: Database) -> None:
        """Read all collections again."""
        self.replace(collections_of(await data.query(_SELECT)))

    def collections(self) -> tuple[Collection, ...]:
        """All of them."""
        return self._all

    def collection(self, name_or_id: str) -> Collection | None:
        """The first collection of this id, or of this name in any case."""
        exact = self._found.get(name_or_id)
        named = self._found.get(name_or_id.lower())
        if exact is None or exact is named:
            return named if named is not None and (named.name.lower() == name_or_id.lower()) else exact
        if named is None or named.name.lower() != name_or_id.lower():
            return exact
        return min(exact, named, key=self._all.index)

    def exactly_named(self, name: str) -> Collection | None:
        """The collection of this name, in this case."""
        return next((entry for entry in self._all if entry.name == name), None)

    def references(self, collection_id: str) -> Sequence[Reference]:
        """The relation fields of all collections that point to this one."""
        if self._references is None:
            self._references = {}
            for entry in self._all:
                for field in entry.fields:
                    if isinstance(field, RelationField):
                        self._references.setdefault(field.collection_id, []).append((entry, field))
        return self._references.get(collection_id, ())


def collections_of(rows: Iterable[Row]) -> list[Collection]:
    """The collections of rows with the columns `COLUMNS`."""
    return [from_row(dict(zip(COLUMNS, row, strict=True))) for row in rows]


def read_collections(tx: Transaction) -> list[Collection]:
    """All collections as the transaction sees them."""
    return collections_of(tx.query(_SELECT))

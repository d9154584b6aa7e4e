"""Totals of lists, remembered until the database is next written to."""

from typing import Protocol

COUNTS_MAX = 500


class Generations(Protocol):
    """A database that counts its own commits."""

    generation: int


class Counts:
    """Totals by statement and parameters, good for one generation of a database."""

    def __init__(self, database: Generations) -> None:
        self._database = database
        self._generation = -1
        self._totals: dict[tuple[object, ...], int] = {}

    @property
    def generation(self) -> int:
        """The database's generation now."""
        return self._database.generation

    def get(self, sql: str, params: tuple[object, ...]) -> int | None:
        """The total, where nothing was written since it was counted."""
        if self._generation != self._database.generation:
            return None
        return self._totals.get((sql, *map(_typed, params)))

    def put(self, sql: str, params: tuple[object, ...], generation: int, total: int) -> None:
        """Remember what was counted while the database was at `generation`."""
        if generation != self._database.generation:
            return
        if self._generation != generation or len(self._totals) >= COUNTS_MAX:
            self._totals.clear()
            self._generation = generation
        self._totals[sql, *map(_typed, params)] = total


def _typed(value: object) -> object:
    """A parameter with its type: 1, 1.0 and true are one key to Python and three values to SQLite."""
    return value if type(value) is str else (type(value), value)

"""One side of a comparison, resolved."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pbe.query.sql import EMPTY, Sql, fill, join, name


class NullFallback(Enum):
    """Whether NULL and the empty text count as the same when an operand is compared."""

    AUTO = "auto"
    DISABLED = "disabled"
    ENFORCED = "enforced"


@dataclass(frozen=True, slots=True)
class MultiMatch:
    """All values that an operand has for one row: the query that lists them, by its parts.

    target: the alias of the row that it is about. table, alias: what that row is read from anew. joins: whole
    ``LEFT JOIN`` clauses. value: the one column.
    """

    target: str
    table: str
    alias: str
    value: Sql = EMPTY
    joins: tuple[Sql, ...] = ()

    def query(self) -> Sql:
        """``SELECT … AS mm FROM …`` for the row under `target`."""
        return fill(
            f"SELECT {{value}} AS mm FROM {self.table} {self.alias}{{joins}} WHERE {self.alias}.id = {self.target}.id",
            {"value": self.value, "joins": join("", self.joins)},
        )


@dataclass(frozen=True, slots=True)
class Operand:
    """What a token became.

    sql: the expression. values: the user's values in it, each once (what decides whether a side is known to be
    empty). multi: the query of all its values where it has many. finish: applied to the finished comparison.
    opaque: its values are JSON for a joined table, so LIKE cannot take them for a pattern.
    """

    sql: Sql
    values: tuple[Any, ...] = ()
    fallback: NullFallback = NullFallback.AUTO
    multi: MultiMatch | None = None
    finish: Callable[[Sql], Sql] | None = field(default=None, compare=False)
    opaque: bool = False

    @property
    def has_empty_value(self) -> bool:
        """Whether one of the user's values in it is null or the empty text."""
        return any(value is None or value == "" for value in self.values)

    @property
    def is_nothing(self) -> bool:
        """Whether its SQL is a literal nothing."""
        return self.sql.text in ("NULL", "''")

    @property
    def is_empty(self) -> bool:
        """Whether it is known to be empty."""
        if self.is_nothing:
            return True
        return self.fallback is NullFallback.AUTO and len(self.values) == 1 and self.has_empty_value

    @property
    def is_known_value(self) -> bool:
        """Whether it is known not to be empty."""
        if self.fallback is NullFallback.ENFORCED:
            return False
        if self.sql.text in ("1", "0", "TRUE", "FALSE"):
            return True
        return bool(self.values) and not self.has_empty_value and not self.is_nothing


NULL = Operand(Sql("NULL"))


def bound(value: Any) -> Operand:
    """A value of a user, as a parameter."""
    return Operand(Sql("?", (value,)), (value,))


def constant(text: str) -> Operand:
    """One of this package's own literals."""
    return Operand(Sql(text))


def left_join(table: Sql, alias: str, on: Sql = EMPTY) -> Sql:
    """A whole join clause; without `on` every row goes with every row."""
    if on.text:
        return fill(f" LEFT JOIN {{table}} {alias} ON {{on}}", {"table": table, "on": on})
    return fill(f" LEFT JOIN {{table}} {alias}", {"table": table})


def table(collection_name: str) -> Sql:
    """A collection's table."""
    return Sql(name(collection_name))

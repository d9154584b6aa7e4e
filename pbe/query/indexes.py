"""What a CREATE INDEX statement says, as far as the compiler asks."""

import re
from collections.abc import Sequence
from functools import lru_cache

INDEXES_REMEMBERED_MAX = 2000
_INDEX = re.compile(
    r"create\s+(unique\s+)?\s*index\s*(?:if\s+not\s+exists\s+)?(\S*)\s+on\s+(\S*)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)",
    re.IGNORECASE,
)
_COLUMN = re.compile(
    r"^[\"'`\[{(]*\s*([\w.*@#-]+)\s*[\"'`\]})]*(?:\s+collate\s+\S+)?(?:\s+(?:asc|desc))?$", re.IGNORECASE
)


@lru_cache(INDEXES_REMEMBERED_MAX)
def unique_column(statement: str) -> str | None:
    """The one column, in lower case, that the unique index `statement` covers; None for any other index."""
    match = _INDEX.search(statement.strip())
    if match is None or not match[1] or "," in match[4]:
        return None
    column = _COLUMN.match(match[4].strip())
    return column[1].lower() if column is not None else None


def has_unique_column(indexes: tuple[str, ...] | list[str], column: str) -> bool:
    """Whether one of the indexes makes `column` alone unique."""
    wanted = column.lower()
    return any(unique_column(statement) == wanted for statement in indexes)


@lru_cache(INDEXES_REMEMBERED_MAX)
def _names(statement: str) -> tuple[str, ...] | None:
    """The columns, in lower case, of an index over columns alone; None for any other."""
    match = _INDEX.search(statement.strip())
    found = [_COLUMN.match(part.strip()) for part in match[4].split(",")] if match is not None else [None]
    names = [column[1].lower() for column in found if column is not None]
    return tuple(names) if len(names) == len(found) else None


def may_serve(indexes: Sequence[str], sql: str) -> bool:
    """Whether one of the indexes could be used by `sql`, whose columns are quoted.

    One that is not understood could.
    """
    text = sql.lower()
    for statement in indexes:
        names = _names(statement)
        if names is None or any(f'"{name}"' in text for name in names):
            return True
    return False

"""A list's sort: ``-created,+title,@random``."""

from pbe.query.compiler import Names
from pbe.query.errors import FilterError, quoted
from pbe.query.sql import Sql, join

SORT_KEYS_MAX = 8
SORT_KEY_BYTES_MAX = 255


def compile_sort(text: str, names: Names, alias: str) -> Sql:
    """The terms of an ORDER BY, without the words; "" for no text. `alias` is the table of ``@rowid``."""
    if not text:
        return Sql("")
    keys = [key.strip(" \t\n\v\f\r\x85\xa0") for key in text.split(",")]
    if len(keys) > SORT_KEYS_MAX:
        raise FilterError("max sort expressions limit reached")
    return join(", ", [_key(key, names, alias) for key in keys])


def _key(key: str, names: Names, alias: str) -> Sql:
    descending = key.startswith("-")
    field = key.removeprefix("-") if descending else key.removeprefix("+")
    if len(field.encode()) > SORT_KEY_BYTES_MAX:
        raise FilterError("max sort field length limit reached")
    direction = "DESC" if descending else "ASC"
    if field == "@random":
        return Sql("RANDOM()")
    if field == "@rowid":
        return Sql(f"{alias}._rowid_ {direction}")
    operand = names.resolve(field)
    if operand.values or operand.sql.text == "NULL":
        raise FilterError(f"invalid sort field {quoted(field)}")
    return Sql(f"{operand.sql.text} {direction}", operand.sql.params)

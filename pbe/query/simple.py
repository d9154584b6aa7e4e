"""Filters and sorts over a plain table whose columns are known: logs, collections."""

import re
from collections.abc import Sequence

from pbe.query.compiler import FILTER_BYTES_MAX, compile_filter
from pbe.query.errors import FilterError, quoted
from pbe.query.operand import NullFallback, Operand
from pbe.query.resolver import Aliases
from pbe.query.select import BASE, Compiled
from pbe.query.sort import compile_sort
from pbe.query.sql import EMPTY, Sql, column, columnify, fill, json_extract, name


class SimpleNames:
    """Names that are one of `allowed`: plain, or a regular expression in ``^…$``. A dotted name is a JSON path."""

    def __init__(self, allowed: Sequence[str], now_s: float, alias: str = BASE) -> None:
        self.now_s = now_s
        self.aliases = Aliases()
        self._alias = alias
        self._plain = frozenset(one for one in allowed if not one.startswith("^"))
        self._patterns = [re.compile(one[1:-1], re.ASCII) for one in allowed if one.startswith("^")]

    def resolve(self, text: str) -> Operand:
        """The operand of an allowed name."""
        if text not in self._plain and not any(pattern.fullmatch(text) for pattern in self._patterns):
            raise FilterError(f"failed to resolve field {quoted(text)}")
        parts = text.split(".")
        value = column(self._alias, columnify(parts[0]))
        if len(parts) == 1:
            return Operand(value)
        path = "".join(f"[{part}]" if part.isdigit() else "." + columnify(part) for part in parts[1:])
        plain = json_extract(value, path.removeprefix("."))
        return Operand(
            fill("JSON_EXTRACT({v}, {p})", {"v": value, "p": Sql("?", plain.params[:1])}), (), NullFallback.DISABLED
        )


def simple_select(table_name: str, names: SimpleNames, filter_text: str, sort_text: str) -> Compiled:
    """The parts of a statement over the table `table_name`, called BASE; raises FilterError."""
    where = EMPTY
    if filter_text:
        if len(filter_text.encode("utf-8", "surrogatepass")) > FILTER_BYTES_MAX:
            raise FilterError("max filter length limit reached")
        where = compile_filter(filter_text, names)
    order = compile_sort(sort_text, names, BASE)
    return Compiled(name(table_name), BASE, EMPTY, where, order, False, True)

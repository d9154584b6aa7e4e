"""Two operands and an operator, as SQL.

An operand with many values must satisfy a comparison with all of them, unless the operator has a question mark: the
row's own condition is then joined by "and there is none among them for which it fails".
"""

from collections.abc import Callable
from dataclasses import replace

from pbe.query.errors import FilterError
from pbe.query.operand import NullFallback, Operand
from pbe.query.sql import JsonPath, Sql, fill
from pbe.query.values import like_pattern

Alias = Callable[[], str]
_PLAIN = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}


def compare(left: Operand, operator: str, right: Operand, alias: Alias) -> Sql:
    """The condition ``left operator right``; `alias` names sub-queries."""
    any_of = operator.startswith("?")
    # The stock server names its parameters: those of a call over many values are in the list of them too, and the
    # list's, which are no patterns, are the last word.
    as_is = not any_of and right.multi is not None
    condition = _condition(left, operator.lstrip("?"), right, as_is=as_is)
    if not any_of and (left.multi or right.multi):
        others = _all_match(left, operator, right, alias)
        condition = fill("(({one}) AND ({all}))", {"one": condition, "all": others})
    if left.finish is not None:
        condition = left.finish(condition)
    if right.finish is not None:
        condition = right.finish(condition)
    return condition


def _condition(left: Operand, operator: str, right: Operand, *, as_is: bool) -> Sql:
    parts = {"l": left.sql, "r": right.sql}
    if operator == "=":
        return _equal(left, right, parts)
    if operator == "!=":
        return _unequal(left, right, parts)
    if operator in ("~", "!~"):
        word = "LIKE" if operator == "~" else "NOT LIKE"
        if not right.values:
            return fill(f"{{l}} {word} ('%' || {{r}} || '%') ESCAPE '\\'", parts)
        if right.opaque:
            return fill(f"{{l}} {word} json('%')", parts)  # fails when it runs: there, wrapping spoils the list's JSON
        pattern = right.sql if as_is else _pattern(right.sql)
        return fill(f"{{l}} {word} {{r}} ESCAPE '\\'", {"l": left.sql, "r": pattern})
    return fill(f"{{l}} {_PLAIN[operator]} {{r}}", parts)


def _pattern(sql: Sql) -> Sql:
    return Sql(sql.text, tuple(v if isinstance(v, JsonPath) else like_pattern(v) for v in sql.params))


def _equal(left: Operand, right: Operand, parts: dict[str, Sql]) -> Sql:
    if NullFallback.DISABLED in (left.fallback, right.fallback):
        return fill("{l} IS {r}", parts)
    if left.is_empty and right.is_empty:
        return Sql("'' = ''")
    if left.is_known_value or right.is_known_value:
        return fill("{l} = {r}", _emptied(left, right, parts))
    if left.is_empty:
        return fill("('' = {r} OR {r} IS NULL)", parts)
    if right.is_empty:
        return fill("({l} = '' OR {l} IS NULL)", parts)
    return fill("COALESCE({l}, '') = COALESCE({r}, '')", parts)


def _unequal(left: Operand, right: Operand, parts: dict[str, Sql]) -> Sql:
    if NullFallback.DISABLED in (left.fallback, right.fallback):
        return fill("{l} IS NOT {r}", parts)
    if left.is_empty and right.is_empty:
        return Sql("'' IS NOT ''")
    if left.is_known_value or right.is_known_value:
        return fill("{l} IS NOT {r}", _emptied(left, right, parts))
    if left.is_empty:
        return fill("('' IS NOT {r} AND {r} IS NOT NULL)", parts)
    if right.is_empty:
        return fill("({l} IS NOT '' AND {l} IS NOT NULL)", parts)
    return fill("COALESCE({l}, '') IS NOT COALESCE({r}, '')", parts)


def _emptied(left: Operand, right: Operand, parts: dict[str, Sql]) -> dict[str, Sql]:
    """The parts of a direct comparison: a side that is known to be empty is the empty text."""
    return {
        "l": Sql("''") if left.is_empty else parts["l"],
        "r": Sql("''") if right.is_empty else parts["r"],
    }


def _all_match(left: Operand, operator: str, right: Operand, alias: Alias) -> Sql:
    """No value of the many-valued operand fails the comparison."""
    if left.multi is not None and right.multi is not None:
        one, other = alias(), alias()
        fails = compare(_each(left, one), operator, _each(right, other), alias)
        return fill(
            f"NOT EXISTS (SELECT 1 FROM ({{left}}) {one} LEFT JOIN ({{right}}) {other} WHERE NOT ({{fails}}))",
            {"left": left.multi.query(), "right": right.multi.query(), "fails": fails},
        )
    one = alias()
    if left.multi is not None:
        many, fails = left.multi, compare(_each(left, one), operator, _plain(right), alias)
    elif right.multi is not None:
        many, fails = right.multi, compare(_plain(left), operator, _each(right, one), alias)
    else:
        raise FilterError("no operand with many values")
    return fill(
        f"NOT EXISTS (SELECT 1 FROM ({{many}}) {one} WHERE NOT ({{fails}}))", {"many": many.query(), "fails": fails}
    )


def _each(operand: Operand, alias: str) -> Operand:
    return Operand(Sql(f"{alias}.mm"), fallback=operand.fallback)


def _plain(operand: Operand) -> Operand:
    return replace(operand, fallback=NullFallback.AUTO, multi=None, finish=None)

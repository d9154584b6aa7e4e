"""The functions of a filter. Each checks its arguments' kinds and builds one operand of theirs."""

from collections.abc import Callable
from dataclasses import replace

from pbe.query.errors import FilterError, quoted
from pbe.query.operand import NullFallback, Operand
from pbe.query.sql import Sql, fill, join
from pbe.query.tree import Identifier, Number, Text, Token

STRFTIME_ARGUMENTS_MAX = 10
Resolve = Callable[[Token], Operand]
_HAVERSINE = (
    "(6371 * acos(cos(radians({latA})) * cos(radians({latB})) * cos(radians({lonB}) - radians({lonA}))"
    " + sin(radians({latA})) * sin(radians({latB}))))"
)


def call(function: str, args: tuple[Token, ...], resolve: Resolve) -> Operand:
    """The operand that `function` makes of `args`."""
    if function == "geoDistance":
        return _geo_distance(args, resolve)
    if function == "strftime":
        return _strftime(args, resolve)
    raise FilterError(f"unknown function {quoted(function)}")


def _geo_distance(args: tuple[Token, ...], resolve: Resolve) -> Operand:
    """geoDistance(lonA, latA, lonB, latB): kilometres along the sphere; never demands "all match"."""
    if len(args) != 4:
        raise FilterError(f"[geoDistance] expected 4 arguments, got {len(args)}")
    points: dict[str, Operand] = {}
    for position, (name, arg) in enumerate(zip(("lonA", "latA", "lonB", "latB"), args, strict=True)):
        if not isinstance(arg, Identifier | Number):
            raise FilterError(f"[geoDistance] argument {position} must be an identifier or number")
        points[name] = _resolved(arg, resolve, f"[geoDistance] failed to resolve argument {position}")
    values = tuple(value for operand in points.values() for value in operand.values)
    sql = fill(_HAVERSINE, {key: operand.sql for key, operand in points.items()})
    return Operand(sql, values, NullFallback.DISABLED)


def _strftime(args: tuple[Token, ...], resolve: Resolve) -> Operand:
    """strftime(format, time, modifiers…): as SQLite's, but an unreadable time equals the empty text."""
    if not args:
        raise FilterError("[strftime] expected at least 1 arguments, got 0")
    if len(args) > STRFTIME_ARGUMENTS_MAX:
        most = f"(max allowed {STRFTIME_ARGUMENTS_MAX}, got {len(args)})"
        raise FilterError(f"[strftime] too many arguments {most}")
    if not isinstance(args[0], Text):
        raise FilterError("[strftime] expects the first argument to be a format string")
    operands = [_resolved(args[0], resolve, "[strftime] failed to resolve format argument")]
    for position, arg in enumerate(args[1:]):
        operands.append(_strftime_argument(position, arg, resolve))
    sql = _strftime_sql([operand.sql for operand in operands])
    values = tuple(value for operand in operands for value in operand.values)
    multi = operands[1].multi if len(operands) > 1 else None
    if multi is not None:
        each = [operands[0].sql, multi.value, *(operand.sql for operand in operands[2:])]
        multi = replace(multi, value=_strftime_sql(each))
    return Operand(sql, values, NullFallback.ENFORCED, multi)


def _strftime_argument(position: int, arg: Token, resolve: Resolve) -> Operand:
    """The time value, which may be an identifier, or a modifier, which may not."""
    if position == 0:
        if not isinstance(arg, Text | Identifier | Number):
            raise FilterError("[strftime] expects the second argument to be of a valid time-value type")
        return _resolved(arg, resolve, "[strftime] failed to resolve time-value argument")
    if not isinstance(arg, Text):
        raise FilterError(f"[strftime] invalid modifier argument {position - 1} - can be only string")
    return _resolved(arg, resolve, f"[strftime] failed to resolve modifier argument {position - 1}")


def _resolved(arg: Token, resolve: Resolve, failed: str) -> Operand:
    try:
        return resolve(arg)
    except FilterError as error:
        raise FilterError(f"{failed}: {error}") from error


def _strftime_sql(parts: list[Sql]) -> Sql:
    return fill("strftime({args})", {"args": join(",", parts)})

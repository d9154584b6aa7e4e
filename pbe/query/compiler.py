"""From a tree to a condition, for any resolver of names."""

from collections.abc import Callable
from typing import Protocol

from pbe.query.compare import compare
from pbe.query.errors import FilterError, quoted
from pbe.query.functions import call
from pbe.query.macros import macro
from pbe.query.names import resolve_name
from pbe.query.operand import Operand, bound, constant
from pbe.query.parser import parse
from pbe.query.resolver import Aliases, Scope
from pbe.query.sql import Sql, join
from pbe.query.tree import Comparison, Group, Identifier, Number, Text, Token
from pbe.query.values import go_float

FILTER_EXPRESSIONS_MAX = 200
FILTER_BYTES_MAX = 3500
_KEYWORDS = {"null": "NULL", "true": "1", "false": "0"}


class Names(Protocol):
    """What gives a filter's names their meaning."""

    now_s: float
    aliases: Aliases

    def resolve(self, text: str) -> Operand:
        """The operand of a name; raises FilterError."""


class RecordNames:
    """The names of one collection's records."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.now_s = scope.now_s
        self.aliases = scope.aliases

    def resolve(self, text: str) -> Operand:
        """The operand of a field, ``@request`` or ``@collection`` name."""
        return resolve_name(text, self.scope, _compile_in_scope)


def _compile_in_scope(group: Group, scope: Scope) -> Sql:
    return compile_group(group, RecordNames(scope))


def compile_filter(text: str, names: Names) -> Sql:
    """The condition that `text` stands for; at most FILTER_EXPRESSIONS_MAX comparisons."""
    return compile_group(parse(text), names)


def compile_group(group: Group, names: Names) -> Sql:
    """The condition of a tree."""
    budget = [FILTER_EXPRESSIONS_MAX]
    return _group(group, names, budget)


def _group(group: Group, names: Names, budget: list[int]) -> Sql:
    parts: list[Sql] = []
    for word, member in group.members:
        if isinstance(member, Group):
            condition = _group(member, names, budget)
        else:
            if budget[0] <= 0:
                raise FilterError("max filter expressions limit reached")
            budget[0] -= 1
            condition = _comparison(member, names)
        if parts:
            parts.append(Sql(word))
        parts.append(condition)
    whole = join(" ", parts)
    return Sql(f"({whole.text})", whole.params)


def _comparison(comparison: Comparison, names: Names) -> Sql:
    left = _side("left", comparison.left, names)
    right = _side("right", comparison.right, names)
    return compare(left, comparison.operator, right, names.aliases)


def _side(side: str, token: Token, names: Names) -> Operand:
    try:
        return _operand(token, names)
    except FilterError as error:
        raise FilterError(f"invalid {side} operand {quoted(token.text)} - {error}") from error


def _operand(token: Token, names: Names) -> Operand:
    if isinstance(token, Text):
        return bound(token.text)
    if isinstance(token, Number):
        return bound(go_float(token.text) or 0.0)
    if isinstance(token, Identifier):
        return _identifier(token.text, names)
    inner: Callable[[Token], Operand] = lambda arg: _operand(arg, names)  # noqa: E731
    return call(token.text, token.args, inner)


def _identifier(text: str, names: Names) -> Operand:
    value = macro(text, names.now_s) if text.startswith("@") else None
    if value is not None:
        return bound(value)
    try:
        return names.resolve(text)
    except FilterError:
        keyword = _KEYWORDS.get(text.lower())
        if keyword is None:
            raise
        return constant(keyword)

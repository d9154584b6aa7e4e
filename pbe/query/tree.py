"""The tree of a parsed filter: operands, comparisons and groups."""

from dataclasses import dataclass

#: The comparison operators; one with a leading question mark is true when any of several values makes it true.
OPERATORS = frozenset(
    {"=", "!=", "~", "!~", "<", "<=", ">", ">="} | {"?=", "?!=", "?~", "?!~", "?<", "?<=", "?>", "?>="}
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name: a field's path, a macro, a keyword."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text, unquoted."""

    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function's name and its arguments."""

    text: str
    args: "tuple[Token, ...]"


Token = Identifier | Text | Number | Call


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and the operator between them."""

    left: Token
    operator: str
    right: Token


@dataclass(frozen=True, slots=True)
class Group:
    """Members joined from left to right; each carries the word before it ("AND" or "OR", the first one's is idle).

    There is no precedence here: the members are written to SQL as they stand, where AND binds closer.
    """

    members: "tuple[tuple[str, Comparison | Group], ...]"

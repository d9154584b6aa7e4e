"""Where the first statement of SQL text ends."""

import re

_PIECES = re.compile(
    r"""'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?|--[^\n]*|/\*.*?(?:\*/|\Z)|;|[^'"`\[;/-]+|.""", re.DOTALL
)


def first_statement(sql: str) -> str:
    """The text before the first semicolon that is not in a string, a quoted name or a comment, as SQLite reads them.

    A quote that is doubled inside its string reads as two strings, one beside the other; to the end it is the same.
    """
    for piece in _PIECES.finditer(sql):
        if piece.group() == ";":
            return sql[: piece.start()]
    return sql

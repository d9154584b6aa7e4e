"""From a filter's text to its tree.

Theory of operation. Each text (the whole one and each enclosed one) walks through four steps:

    left → sign → right → join → left …

A group may stand at any step and leads to "join"; what was begun before it is dropped, and two members without a word
between them keep the last word used. That is how PocketBase's parser reads, so stored rules mean here what they
mean there. Nesting is kept on a list, not on Python's stack, so its depth costs nothing.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from pbe.query.errors import FilterError, quoted
from pbe.query.lexer import Enclosed, Join, Lexer, Sign, Word
from pbe.query.tree import Call, Comparison, Group, Identifier, Number, Text, Token

#: Parsed filters that are remembered, over all tenants of the process.
PARSED_FILTERS_MAX = 1000
#: A filter longer than this (UTF-8 bytes) is parsed anew each time, so that the memory of them stays small.
REMEMBERED_BYTES_MAX = 8192
_LEFT, _SIGN, _RIGHT, _JOIN = range(4)


@dataclass(slots=True)
class _Level:
    """One text on its way through the steps."""

    lexer: Lexer
    step: int = _LEFT
    word: str = "AND"
    left: Token | None = None
    operator: str = ""
    members: list[tuple[str, Comparison | Group]] = field(default_factory=list)

    def take(self, word: Word) -> None:
        """Go one step on with a word that is not a group."""
        if self.step == _LEFT:
            self.left = _operand(word, "left operand (identifier, function, text or number)")
            self.step = _SIGN
        elif self.step == _SIGN:
            if not isinstance(word, Sign):
                raise FilterError(f"expected a sign operator, got {_shown(word)}")
            self.operator = str(word)
            self.step = _RIGHT
        elif self.step == _RIGHT:
            right = _operand(word, "right operand (identifier, function text or number)")
            if self.left is not None:
                self.members.append((self.word, Comparison(self.left, self.operator, right)))
            self.step = _JOIN
        else:
            if not isinstance(word, Join):
                raise FilterError(f"expected && or ||, got {_shown(word)}")
            self.word = "OR" if word == "||" else "AND"
            self.step = _LEFT

    def result(self) -> Group:
        """The group of all members; raises where the text stopped half-way or was empty."""
        if self.step != _JOIN:
            empty = not self.members and self.left is None
            raise FilterError("empty filter expression" if empty else "invalid or incomplete filter expression")
        if len(self.members) == 1 and isinstance(self.members[0][1], Group):
            return self.members[0][1]
        return Group(tuple(self.members))


def _operand(word: Word, wanted: str) -> Token:
    if isinstance(word, Identifier | Text | Number | Call):
        return word
    raise FilterError(f"expected {wanted}, got {_shown(word)}")


_KINDS = {Identifier: "identifier", Text: "text", Number: "number", Call: "function", Sign: "sign", Join: "join"}


def _shown(word: Word) -> str:
    """A word as messages name it."""
    text = word.text if isinstance(word, Identifier | Text | Number | Call) else str(word)
    return f"{quoted(text)} ({_KINDS.get(type(word), 'group')})"


def parse(text: str) -> Group:
    """The tree of `text`; raises FilterError. Trees are frozen and shared between callers."""
    if len(text) > REMEMBERED_BYTES_MAX:
        return _parse(text)
    return _remembered(text)


def _parse(text: str) -> Group:
    pairs: dict[int, int] = {}
    levels = [_Level(Lexer(text, 0, len(text), pairs))]
    while True:
        level = levels[-1]
        word = level.lexer.next()
        if isinstance(word, Enclosed):
            levels.append(_Level(Lexer(text, word[0], word[1], pairs)))
        elif word is not None:
            level.take(word)
        else:
            group = level.result()
            levels.pop()
            if not levels:
                return group
            levels[-1].members.append((levels[-1].word, group))
            levels[-1].step = _JOIN


_remembered = lru_cache(PARSED_FILTERS_MAX)(_parse)

"""The words of a filter.

Theory of operation. A `Lexer` walks one text between two offsets and answers one token a call. A group is not
descended into: its token is the pair of offsets of what the parentheses enclose, found by a scan that knows quoted
texts but not comments, as PocketBase's scanner does. Matching parentheses are remembered, so that a deep nest is
scanned once and not once a level. A NUL ends the token that it stands in, and the filter where it starts one.
"""

from pbe.query.errors import FilterError, quoted
from pbe.query.tree import OPERATORS, Call, Identifier, Number, Text, Token

CALL_DEPTH_MAX = 3
_SPACES = frozenset(" \t\n")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_IDENTIFIER_START = _LETTERS | frozenset("@_#")
_IDENTIFIER = _LETTERS | _DIGITS | frozenset(".:_")
_NUMBER_START = _DIGITS | {"-"}
_QUOTES = frozenset("'\"")
_SIGNS = frozenset("=?!><~")
_JOINS = frozenset("&|")
_NUL = "\x00"


class Sign(str):
    """A comparison operator."""

    __slots__ = ()


class Join(str):
    """``&&`` or ``||``."""

    __slots__ = ()


class Enclosed(tuple[int, int]):
    """The offsets of what a pair of parentheses encloses."""

    __slots__ = ()


Word = Token | Sign | Join | Enclosed


class Lexer:
    """Splits `text[start:end]` into words; `pairs` (offsets of "(" and ")") is shared by all lexers of a text."""

    def __init__(self, text: str, start: int, end: int, pairs: dict[int, int]) -> None:
        self._text = text
        self._at = start
        self._end = end
        self._pairs = pairs

    def next(self) -> Word | None:
        """The next word, spaces and comments skipped; None at the end."""
        while self._at < self._end:
            char = self._text[self._at]
            if char in _SPACES:
                self._at += 1
            elif char == "/":
                self._comment()
            elif char == _NUL:
                return None
            else:
                return self._word(char)
        return None

    def _word(self, char: str) -> Word:
        if char == "(":
            return self._group()
        if char in _IDENTIFIER_START:
            return self._identifier(CALL_DEPTH_MAX)
        if char in _NUMBER_START:
            return self._number()
        if char in _QUOTES:
            return self._quoted()
        if char in _SIGNS:
            sign = self._run(_SIGNS)
            if sign not in OPERATORS:
                raise FilterError(f"invalid sign operator {quoted(sign)}")
            return Sign(sign)
        if char in _JOINS:
            word = self._run(_JOINS)
            if word not in ("&&", "||"):
                raise FilterError(f"invalid join operator {quoted(word)}")
            return Join(word)
        raise FilterError("unexpected character " + quoted(char, "'"))

    def _run(self, allowed: frozenset[str]) -> str:
        start = at = self._at
        while at < self._end and self._text[at] in allowed:
            at += 1
        run = self._text[start:at]
        self._at = at
        self._skip_nul()
        return run

    def _skip_nul(self) -> None:
        if self._at < self._end and self._text[self._at] == _NUL:
            self._at += 1

    def _comment(self) -> None:
        if not self._text.startswith("//", self._at, self._end):
            raise FilterError("invalid comment")
        stops = [self._text.find(stop, self._at, self._end) for stop in ("\n", _NUL)]
        self._at = min((stop + 1 for stop in stops if stop >= 0), default=self._end)

    def _number(self) -> Number:
        start = at = self._at
        dotted = False
        while at < self._end:
            char = self._text[at]
            if char == "." and not dotted:
                dotted = True
            elif char not in _DIGITS and (char != "-" or at != start):
                break
            at += 1
        literal = self._text[start:at]
        self._at = at
        self._skip_nul()
        if literal == "-" or literal[0] == "." or literal[-1] == ".":
            raise FilterError(f"invalid number {quoted(literal)}")
        return Number(literal)

    def _quoted(self) -> Text:
        end = self._closing_quote(self._at)
        quote = self._text[self._at]
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        return Text(inner.replace("\\" + quote, quote))

    def _closing_quote(self, start: int) -> int:
        quote = self._text[start]
        at = start
        while True:
            at = self._text.find(quote, at + 1, self._end)
            nul = self._text.find(_NUL, start, at if at >= 0 else self._end)
            if at < 0 or nul >= 0:
                read = self._text[start : nul if nul >= 0 else self._end]
                raise FilterError(f"invalid quoted text {quoted(read)}")
            if at == start + 1 or self._text[at - 1] != "\\":
                return at

    def _identifier(self, depth: int) -> Identifier | Call:
        start = at = self._at
        at += 1
        while at < self._end and self._text[at] in _IDENTIFIER:
            at += 1
        literal = self._text[start:at]
        self._at = at
        calls = at < self._end and self._text[at] == "("
        if calls and depth <= 0:
            raise FilterError(f"max nested function arguments reached (max: {CALL_DEPTH_MAX})")
        if literal[-1] in ".:" or literal in ("@", "_", "#"):
            what = "function name" if calls else "identifier"
            raise FilterError(f"invalid {what} {quoted(literal)}")
        if calls:
            return Call(literal, self._arguments(literal, depth))
        self._skip_nul()
        return Identifier(literal)

    def _arguments(self, function: str, depth: int) -> tuple[Token, ...]:
        args: list[Token] = []
        after_value = False
        self._at += 1
        while self._at < self._end:
            char = self._text[self._at]
            if char == ")":
                self._at += 1
                return tuple(args)
            if char in _SPACES:
                self._at += 1
            elif char == "/":
                self._comment_in(function)
            elif char == _NUL:
                break
            elif (char == ",") is not after_value:
                wrong = "expected comma after the last argument" if after_value else "unexpected comma"
                raise FilterError(f"{wrong} in function {quoted(function)}")
            elif char == ",":
                after_value = False
                self._at += 1
            else:
                args.append(self._argument(char, function, depth))
                after_value = True
        raise FilterError(f"invalid or incomplete function {quoted(function)} (expected ')')")

    def _comment_in(self, function: str) -> None:
        try:
            self._comment()
        except FilterError as error:
            raise FilterError(f"failed to scan comment in function {quoted(function)}: {error}") from error

    def _argument(self, char: str, function: str, depth: int) -> Token:
        start = self._at
        where = f"in function {quoted(function)}"
        try:
            if char in _IDENTIFIER_START:
                kind = "identifier"
                return self._identifier(depth - 1)
            if char in _NUMBER_START:
                kind = "number"
                return self._number()
            if char in _QUOTES:
                kind = "text"
                return self._quoted()
        except FilterError as error:
            read = quoted(self._read_of(kind, start))
            raise FilterError(f"invalid {kind} argument {read} {where}: {error}") from error
        shown = quoted(char, "'")
        raise FilterError(f"unsupported argument character {shown} {where}")

    def _read_of(self, kind: str, start: int) -> str:
        """What was read of an argument before it turned out to be wrong."""
        if kind == "text":
            return self._text[start : self._end].partition(_NUL)[0]
        at = start + 1
        while at < self._end and self._text[at] in (_IDENTIFIER if kind == "identifier" else _DIGITS | {"."}):
            at += 1
        return self._text[start:at]

    def _group(self) -> Enclosed:
        start = self._at
        end = self._pairs.get(start, -1)
        if end < 0 or end >= self._end:
            end = self._match(start)
        self._at = end + 1
        return Enclosed((start + 1, end))

    def _match(self, start: int) -> int:
        """The offset of the parenthesis that closes the one at `start`; remembers all pairs on the way."""
        open_at: list[int] = []
        at = start
        while at < self._end:
            char = self._text[at]
            if char == "(":
                open_at.append(at)
            elif char == ")":
                self._pairs[open_at.pop()] = at
                if not open_at:
                    return at
            elif char in _QUOTES:
                at = self._closing_quote(at)
            elif char == _NUL:
                break
            at += 1
        raise FilterError(f"invalid formatted group - missing {len(open_at)} closing bracket(s)")

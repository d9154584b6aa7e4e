"""Regular expressions as PocketBase's runtime reads them (RE2's syntax, Perl flags), parsed to a tree.

No look-around and no back-references, so every pattern can be matched in linear time. Errors are RE2's own sentences.
Source: https://github.com/google/re2/wiki/Syntax
"""

from dataclasses import dataclass, field, replace
from typing import Any

import regex

from pbe.errors import PbeError

REPEAT_MAX = 1000
DEPTH_MAX = 300
CODE_POINT_MAX = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_PERL: dict[str, Ranges] = {"d": ((48, 57),), "s": ((9, 10), (12, 13), (32, 32)), "w": _WORD}
_POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": ((48, 57),),
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_PROPERTY = regex.compile(
    r"L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?|C[cfos]?|Any|[A-Z][a-z]{2,}(?:_[A-Z][a-z]+)*"
)


class PatternError(PbeError):
    """The text is no regular expression; `sentence` is RE2's own."""

    def __init__(self, operation: str, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(operation, hint=sentence)


@dataclass(frozen=True, slots=True)
class Node:
    """One part. kind: literal, class, any, empty, begin, end, begin_line, end_line, boundary, inner, group, repeat,
    concat, either.
    """

    kind: str
    parts: tuple["Node", ...] = ()
    ranges: Ranges = ()
    fold: bool = False
    least: int = 0
    most: int = 0
    lazy: bool = False


def fail(sentence: str, part: str) -> PatternError:
    """RE2's error about a part of the pattern."""
    return PatternError("parse a regular expression", f"error parsing regexp: {sentence}: `{part}`")


def negated(ranges: Ranges) -> Ranges:
    """All other code points."""
    out, low = [], 0
    for start, end in sorted(ranges):
        if start > low:
            out.append((low, start - 1))
        low = max(low, end + 1)
    if low <= CODE_POINT_MAX:
        out.append((low, CODE_POINT_MAX))
    return tuple(out)


def property_ranges(name: str) -> Ranges:
    """The code points of a Unicode property, in ranges."""
    test = regex.compile(rf"\p{{{name}}}+")
    every = "".join(map(chr, range(0xD800))) + "".join(map(chr, range(0xE000, CODE_POINT_MAX + 1)))
    return tuple((ord(found.group()[0]), ord(found.group()[-1])) for found in test.finditer(every))


@dataclass(slots=True)
class Flags:
    """What `(?imsU)` switches."""

    fold: bool = False
    lines: bool = False
    dot_all: bool = False
    swap: bool = False


@dataclass(slots=True)
class _Level:
    """What is read of one group: its finished options, and the parts of the one begun. flags: those around it."""

    flags: Flags = field(default_factory=Flags)
    capture: bool = False
    options: list[Node] = field(default_factory=list)
    parts: list[Node] = field(default_factory=list)

    def next_option(self) -> None:
        """The option is complete."""
        whole = self.parts[0] if len(self.parts) == 1 else Node("concat", tuple(self.parts))
        self.options.append(whole if self.parts else Node("empty"))
        self.parts = []

    def node(self) -> Node:
        """The whole level."""
        self.next_option()
        return self.options[0] if len(self.options) == 1 else Node("either", tuple(self.options))


class Parser:
    """One pass over one pattern; groups are kept on a list, so their depth costs no stack."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags = Flags()

    def parse(self) -> Node:
        """The whole pattern."""
        level = _Level()
        above: list[_Level] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "(":
                opened = self.open_group()
                if opened is not None:
                    above.append(level)
                    level = opened
                    if len(above) > DEPTH_MAX:
                        raise fail("expression nests too deeply", self.text)
            elif char == ")":
                if not above:
                    raise fail("unexpected )", self.text)
                self.at += 1
                self.flags = level.flags
                inner = level.node()
                group = Node("group", (inner,)) if level.capture else inner
                level = above.pop()
                level.parts.append(self.repeated(group))
            elif char == "|":
                self.at += 1
                level.next_option()
            else:
                level.parts.append(self.repeated(self.atom()))
        if above:
            raise fail("missing closing )", self.text)
        return level.node()

    def repeated(self, atom: Node) -> Node:
        """The atom with what repetition follows it; a second repetition is an error."""
        before = -1
        while self.at < len(self.text):
            begin = self.at
            bounds = self.bounds()
            if bounds is None:
                return atom
            lazy = self.text.startswith("?", self.at)
            self.at += lazy
            if before >= 0:
                raise fail("invalid nested repetition operator", self.text[before : self.at])
            before = begin
            atom = Node("repeat", (atom,), least=bounds[0], most=bounds[1], lazy=lazy != self.flags.swap)
        return atom

    def bounds(self) -> tuple[int, int] | None:
        """The repetition at this place, -1 for no upper bound."""
        char = self.text[self.at]
        if char in "*+?":
            self.at += 1
            return {"*": (0, -1), "+": (1, -1), "?": (0, 1)}[char]
        match = regex.compile(r"\{(\d+)(,(\d*))?\}").match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        least = int(match[1])
        most = least if match[2] is None else int(match[3]) if match[3] else -1
        if least > REPEAT_MAX or most > REPEAT_MAX or 0 <= most < least:
            raise fail("invalid repeat count", match.group())
        return least, most

    def atom(self) -> Node:
        """One atom that is no group."""
        char = self.text[self.at]
        if char == "[":
            return Node("class", ranges=self.char_class(), fold=self.flags.fold)
        if char in "*+?{":
            begin = self.at
            if self.bounds() is not None:
                self.at += self.text.startswith("?", self.at)
                raise fail("missing argument to repetition operator", self.text[begin : self.at])
        if char == "\\":
            return self.escape()
        self.at += 1
        if char == ".":
            return Node("any", fold=self.flags.dot_all)
        if char in "^$":
            kind = "begin" if char == "^" else "end"
            return Node(f"{kind}_line" if self.flags.lines else kind)
        return self.literal(ord(char))

    def literal(self, code: int) -> Node:
        """One character."""
        return Node("literal", ranges=((code, code),), fold=self.flags.fold)

    def open_group(self) -> "_Level | None":
        """The level inside a group; None for flags alone, which hold from here on."""
        saved = replace(self.flags)
        if not self.text.startswith("(?", self.at):
            self.at += 1
            return _Level(saved, capture=True)
        rest = self.text[self.at :]
        if rest.startswith(("(?P<", "(?<")):
            self.named(rest)
            return _Level(saved, capture=True)
        match = regex.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])").match(rest)
        if match is None or (match[3] == ")" and not match[1] and not match[2]):
            shown = regex.compile(r"\(\?[imsU]*-?[imsU]*.?", regex.DOTALL).match(rest)
            raise fail("invalid or unsupported Perl syntax", shown.group() if shown else rest)
        for letters, value in ((match[1], True), (match[2] or "", False)):
            for letter in letters:
                setattr(self.flags, {"i": "fold", "m": "lines", "s": "dot_all", "U": "swap"}[letter], value)
        self.at += match.end()
        return _Level(saved) if match[3] == ":" else None

    def named(self, rest: str) -> None:
        """Past the name of a named capture."""
        match = regex.compile(r"\(\?P?<([A-Za-z0-9_]+)>").match(rest)
        if match is None:
            close = rest.find(">")
            raise fail("invalid named capture", rest if close < 0 else rest[: close + 1])
        self.at += match.end()

    def escape(self) -> Node:
        """A backslash outside of a class."""
        char = self.text[self.at + 1 : self.at + 2]
        simple: dict[str, str] = {"A": "begin", "z": "end", "b": "boundary", "B": "inner"}
        if char in simple and char:
            self.at += 2
            return Node(simple[char])
        if char == "Q":
            return self.quoted()
        ranges = self.class_escape()
        if ranges is not None:
            return Node("class", ranges=ranges, fold=self.flags.fold)
        return self.literal(self.char_escape())

    def quoted(self) -> Node:
        r"""Everything up to `\E`, as it is."""
        end = self.text.find("\\E", self.at + 2)
        body = self.text[self.at + 2 : end if end >= 0 else len(self.text)]
        self.at = end + 2 if end >= 0 else len(self.text)
        return Node("concat", tuple(self.literal(ord(char)) for char in body)) if body else Node("empty")

    def class_escape(self) -> Ranges | None:
        r"""`\d`, `\pL` and their like; None for any other escape."""
        char = self.text[self.at + 1 : self.at + 2]
        if char and char in "dswDSW":
            self.at += 2
            return _PERL[char] if char.islower() else negated(_PERL[char.lower()])
        if char and char in "pP":
            return self.unicode_class()
        return None

    def unicode_class(self) -> Ranges:
        r"""`\pN`, `\p{Greek}`, `\P{^Lu}`."""
        match = regex.compile(r"\\[pP](?:\{(\^?)([^}]*)\}|([^{]))").match(self.text, self.at)
        if match is None:
            raise fail("invalid character class range", self.text[self.at :])
        name = match[2] if match[2] is not None else match[3]
        try:
            ranges = property_ranges(name) if _PROPERTY.fullmatch(name) else None
        except regex.error:
            ranges = None
        if ranges is None:
            raise fail("invalid character class range", match.group())
        self.at = match.end()
        return negated(ranges) if (match.group()[1] == "P") != bool(match[1]) else ranges

    def char_escape(self) -> int:
        """The code point of an escaped character."""
        rest = self.text[self.at :]
        if len(rest) < 2:
            raise fail("trailing backslash at end of expression", "")
        char = rest[1]
        if char in _CONTROLS:
            self.at += 2
            return _CONTROLS[char]
        if ord(char) < 128 and not char.isalnum():
            self.at += 2
            return ord(char)
        if char == "x":
            return self.hex_escape(rest)
        match = regex.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})").match(rest)
        if match is None:
            raise fail("invalid escape sequence", rest[:2])
        self.at += match.end()
        return int(match[1], 8)

    def hex_escape(self, rest: str) -> int:
        r"""`\x41` or `\x{1F600}`."""
        match = regex.compile(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})").match(rest)
        code = int(match[1] or match[2], 16) if match else 0
        if match is None or code > CODE_POINT_MAX:
            shown = regex.compile(r"\\x(?:\{0*[0-9A-Fa-f]{6}|\{[0-9A-Fa-f]*.?|[0-9A-Fa-f]?.?)").match(rest)
            raise fail("invalid escape sequence", shown.group() if shown else rest)
        self.at += match.end()
        return code

    def char_class(self) -> Ranges:
        """From `[` to its `]`."""
        begin = self.at
        self.at += 1
        flip = self.text.startswith("^", self.at)
        self.at += flip
        found: list[tuple[int, int]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise fail("missing closing ]", self.text[begin:])
            first = False
            found.extend(self.class_item(begin))
        self.at += 1
        return negated(tuple(found)) if flip else tuple(found)

    def class_item(self, begin: int) -> Ranges:
        """One member: a named class, an escape, a range or a character."""
        posix = regex.compile(r"\[:(\^?)(\w+):\]").match(self.text, self.at)
        if posix is not None:
            if posix[2] not in _POSIX:
                raise fail("invalid character class range", posix.group())
            self.at = posix.end()
            return negated(_POSIX[posix[2]]) if posix[1] else _POSIX[posix[2]]
        if self.text[self.at] == "\\" and (ranges := self.class_escape()) is not None:
            return ranges
        start = self.at
        low = high = self.class_char(begin)
        rest = self.text[self.at : self.at + 2]
        if len(rest) == 2 and rest[0] == "-" and rest[1] != "]":
            self.at += 1
            high = self.class_char(begin)
            if high < low:
                raise fail("invalid character class range", self.text[start : self.at])
        return ((low, high),)

    def class_char(self, begin: int) -> int:
        """One character of a class."""
        if self.at >= len(self.text):
            raise fail("missing closing ]", self.text[begin:])
        if self.text[self.at] == "\\":
            return self.char_escape()
        self.at += 1
        return ord(self.text[self.at - 1])


def parse(text: str) -> Node:
    """The tree of a pattern; `PatternError` where it is none."""
    return Parser(text).parse()


def shape(node: Node) -> Any:
    """The tree as nested tuples, for tests and tools."""
    return (node.kind, *(shape(part) for part in node.parts)) if node.parts else node.kind

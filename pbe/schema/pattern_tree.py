"""Regular expressions as PocketBase's runtime reads them (RE2's syntax, Perl flags), parsed to a tree.

No look-around and no back-references, so every pattern can be matched in linear time. Errors are RE2's own sentences.
Source: https://github.com/google/re2/wiki/Syntax
"""

from dataclasses import dataclass
from typing import Any

import regex

from pbe.errors import PbeError

REPEAT_MAX = 1000
DEPTH_MAX = 250
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


class Parser:
    """One pass over one pattern, by recursive descent."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags = Flags()
        self.names: set[str] = set()
        self.depth = 0

    def parse(self) -> Node:
        """The whole pattern."""
        node = self.either()
        if self.at < len(self.text):
            raise fail("unexpected )", self.text)
        return node

    def either(self) -> Node:
        """Alternatives."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise fail("expression nests too deeply", self.text)
        options = [self.concat()]
        while self.text.startswith("|", self.at):
            self.at += 1
            options.append(self.concat())
        self.depth -= 1
        return options[0] if len(options) == 1 else Node("either", tuple(options))

    def concat(self) -> Node:
        """A sequence of repeated atoms."""
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            start = self.at
            atom = self.atom()
            if atom is not None:
                parts.append(self.repeated(atom, start))
        if not parts:
            return Node("empty")
        return parts[0] if len(parts) == 1 else Node("concat", tuple(parts))

    def repeated(self, atom: Node, start: int) -> Node:
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

    def atom(self) -> Node | None:
        """One atom; None for flags, which match nothing by themselves."""
        char = self.text[self.at]
        if char == "(":
            return self.group()
        if char == "[":
            return Node("class", ranges=self.char_class(), fold=self.flags.fold)
        if char in "*+?":
            begin = self.at
            self.bounds()
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

    def group(self) -> Node | None:
        """A group, or flags from here on."""
        begin = self.at
        saved = Flags(self.flags.fold, self.flags.lines, self.flags.dot_all, self.flags.swap)
        capture = True
        if self.text.startswith("(?", begin):
            capture = self.extension()
            if self.text.startswith(")", self.at - 1) and self.at - 1 > begin and not capture:
                return None
        else:
            self.at += 1
        inner = self.either()
        if not self.text.startswith(")", self.at):
            raise fail("missing closing )", self.text)
        self.at += 1
        self.flags = saved
        return Node("group", (inner,)) if capture else inner

    def extension(self) -> bool:
        """Past `(?P<name>`, `(?:` or `(?flags:`; true for a capture. `(?flags)` ends behind its parenthesis."""
        rest = self.text[self.at :]
        if rest.startswith(("(?P<", "(?<")) and not rest.startswith(("(?<=", "(?<!")):
            return self.named(rest)
        match = regex.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])").match(rest)
        if match is None or (match[3] == ")" and not match[1] and not match[2]):
            raise self.bad_extension(rest)
        for letters, value in ((match[1], True), (match[2] or "", False)):
            for letter in letters:
                setattr(self.flags, {"i": "fold", "m": "lines", "s": "dot_all", "U": "swap"}[letter], value)
        self.at += match.end()
        return False

    def bad_extension(self, rest: str) -> PatternError:
        """What is wrong with a group that begins with a question mark."""
        match = regex.compile(r"\(\?[imsU]*-?[imsU]*").match(rest)
        shown = rest[: (match.end() if match else 2) + 1]
        if rest.startswith(("(?<=", "(?<!")):
            shown = rest[:4] if len(rest) > 3 else rest
        return (
            fail("missing closing )", self.text)
            if len(shown) >= len(rest) and shown[-1] in "?imsU-"
            else fail("invalid or unsupported Perl syntax", shown)
        )

    def named(self, rest: str) -> bool:
        """A named capture."""
        match = regex.compile(r"\(\?P?<([A-Za-z0-9_]+)>").match(rest)
        if match is None:
            close = rest.find(">")
            raise fail("invalid named capture", rest if close < 0 else rest[: close + 1])
        if match[1] in self.names:
            raise fail("duplicate capture group name", match[1])
        self.names.add(match[1])
        self.at += match.end()
        return True

    def escape(self) -> Node:
        """A backslash outside of a class."""
        char = self.text[self.at + 1 : self.at + 2]
        simple: dict[str, str] = {"A": "begin", "z": "end", "b": "boundary", "B": "inner"}
        if char in simple and char:
            self.at += 2
            return Node(simple[char])
        if char == "C":
            self.at += 2
            return Node("any", fold=True)
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
        match = regex.compile(r"\\(?:(0[0-7]{0,2}|[1-7][0-7]{1,2})|x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\})").match(rest)
        code = CODE_POINT_MAX + 1 if match is None else int(match[1], 8) if match[1] else int(match[2] or match[3], 16)
        if match is None or code > CODE_POINT_MAX:
            shown = regex.compile(r"\\(?:x(?:\{[0-9A-Fa-f]*.?|[0-9A-Fa-f]?.?)|.)").match(rest)
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

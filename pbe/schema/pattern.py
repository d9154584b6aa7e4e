"""Using regular expressions: checking a pattern, searching with it, generating text that matches."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import sha256
from itertools import count

import re2
import regex

from pbe.errors import field_error
from pbe.schema.pattern_tree import Node, PatternError, Ranges, parse
from pbe.schema.rules import Entry

REPEAT_GENERATED_MAX = 6
SEARCH_MS_MAX = 1
PATTERNS_MAX = 512
BYTE_VALUES = 256
_ANY_GENERATED: Ranges = ((65, 90), (97, 122), (48, 57))
_TEXT = {
    "empty": "",
    "begin": r"\A",
    "end": r"\Z",
    "begin_line": r"(?m:^)",
    "end_line": r"(?m:$)",
    "boundary": r"(?a:\b)",
    "inner": r"(?a:\B)",
}
_OPERATORS = {
    "empty": 2,
    "begin_line": 7,
    "end_line": 8,
    "begin": 9,
    "end": 10,
    "boundary": 11,
    "inner": 12,
}

__all__ = ["PatternError", "found", "generate", "rule", "samples"]


def rule(value: str) -> Entry | None:
    """Refuses text that is no regular expression; the empty text passes."""
    try:
        if value:
            _tree(value)
    except PatternError as error:
        return field_error("validation_invalid_regex", error.sentence)
    return None


def found(pattern: str, value: str) -> bool:
    """Whether the pattern matches anywhere in the value.

    A search that backtracks for too long is left to RE2, which takes time in proportion to the value, as the stock
    server's own does, but more of it for the usual short one. Those that cannot are not timed: asking the clock for the
    process's time costs ten times the search itself.
    """
    try:
        linear = _linear(pattern)
        if linear is not None:
            return linear.search(value) is not None
        return _compiled(pattern).search(value, timeout=SEARCH_MS_MAX / 1000) is not None
    except PatternError:
        return False
    except TimeoutError:
        return _found_in_linear_time(pattern, value)


def _found_in_linear_time(pattern: str, value: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options).search(value) is not None
    except re2.error:
        return False


def generate(pattern: str, random_bytes: Callable[[int], bytes]) -> str:
    """A random text of the pattern; `PatternError` where it holds more than text, as anchors are."""
    plain = _plain(pattern)
    if plain is not None:
        return _drawn(*plain, random_bytes)
    return "".join(_pieces(_tree(pattern), _chooser(random_bytes)))


@lru_cache(PATTERNS_MAX)
def _plain(pattern: str) -> tuple[str, int] | None:
    """The characters and the length, where the pattern is so many of one class, as those of ids are."""
    node = _tree(pattern)
    while node.kind not in ("repeat", "class") and len(node.parts) == 1:
        node = node.parts[0]
    if node.kind != "repeat" or node.least != node.most or node.parts[0].kind != "class":
        return None
    ranges = node.parts[0].ranges
    size = sum(high - low + 1 for low, high in ranges)
    if not 0 < size <= BYTE_VALUES:
        return None
    return "".join(chr(low + step) for low, high in ranges for step in range(high - low + 1)), node.least


def _drawn(characters: str, length: int, random_bytes: Callable[[int], bytes]) -> str:
    """`length` of the characters, each equally likely."""
    size = len(characters)
    fair = BYTE_VALUES - BYTE_VALUES % size
    out: list[str] = []
    while len(out) < length:
        out += [characters[byte % size] for byte in random_bytes(length + length // 4) if byte < fair]
    return "".join(out[:length])


def samples(pattern: str, wanted: int) -> list[str]:
    """`wanted` texts of the pattern, always the same ones: the shortest, the longest, and others."""
    tree = _tree(pattern)
    out = ["".join(_pieces(tree, choose)) for choose in (lambda _: 0, lambda limit: limit - 1)]
    return out + [generate(pattern, _fixed_bytes(number)) for number in range(wanted - len(out))]


def _fixed_bytes(seed: int) -> Callable[[int], bytes]:
    numbers = count()
    return lambda size: sha256(f"{seed}/{next(numbers)}".encode()).digest()[:size]


def _chooser(random_bytes: Callable[[int], bytes]) -> Callable[[int], int]:
    """A function n → 0..n-1; eight bytes make its bias too small to matter."""
    return lambda limit: int.from_bytes(random_bytes(8)) % limit if limit > 1 else 0


@lru_cache(PATTERNS_MAX)
def _tree(pattern: str) -> Node:
    return parse(pattern)


@lru_cache(PATTERNS_MAX)
def _linear(pattern: str) -> "re.Pattern[str] | None":
    """The pattern, where it is characters from the value's start on of which at most one is repeated freely."""
    node = _tree(pattern)
    if node.kind != "concat" or node.parts[0].kind != "begin":
        return None
    free = 0
    for part in node.parts[1:]:
        one = part.parts[0] if part.kind == "repeat" else part
        if one.kind not in ("literal", "class", "end") or one.fold:
            return None
        free += part.least != part.most
    return re.compile(_translated(node)) if free <= 1 else None


@lru_cache(PATTERNS_MAX)
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(_translated(_tree(pattern)), regex.V0)


def _translated(node: Node) -> str:
    """The same expression for the `regex` module."""
    if node.kind in _TEXT:
        return _TEXT[node.kind]
    if node.kind == "any":
        return "(?s:.)" if node.fold else "[^\\n]"
    if node.kind in ("literal", "class"):
        text = _class_text(node.ranges)
        return f"(?i:{text})" if node.fold else text
    inner = [_translated(part) for part in node.parts]
    if node.kind == "repeat":
        most = "" if node.most < 0 else str(node.most)
        return f"(?:{inner[0]}){{{node.least},{most}}}{'?' if node.lazy else ''}"
    return "(?:" + ("|" if node.kind == "either" else "").join(inner) + ")"


def _class_text(ranges: Ranges) -> str:
    if not ranges:
        return "(?!)"
    return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]"


def _pieces(node: Node, choose: Callable[[int], int]) -> Iterator[str]:
    """Random text, part by part."""
    if node.kind in _OPERATORS:
        raise PatternError("generate", f"unsupported pattern operator {_OPERATORS[node.kind]}")
    if node.kind == "literal":
        yield chr(node.ranges[0][0])
    elif node.kind in ("class", "any"):
        yield _one_of(node.ranges if node.kind == "class" else _ANY_GENERATED, choose)
    elif node.kind == "either":
        yield from _pieces(node.parts[choose(len(node.parts))], choose)
    elif node.kind == "repeat":
        for _ in range(_times(node, choose)):
            yield from _pieces(node.parts[0], choose)
    else:
        for part in node.parts:
            yield from _pieces(part, choose)


def _times(node: Node, choose: Callable[[int], int]) -> int:
    """From the least up to, but not including, the most."""
    most = max(REPEAT_GENERATED_MAX if node.most < 0 else node.most, node.least)
    return node.least + (choose(most - node.least) if most > node.least else 0)


def _one_of(ranges: Ranges, choose: Callable[[int], int]) -> str:
    total = sum(high - low + 1 for low, high in ranges)
    if total == 0:
        raise PatternError("generate", "no runes to choose from")
    number = choose(total)
    for low, high in ranges:
        if number <= high - low:
            return chr(low + number)
        number -= high - low + 1
    raise PatternError("generate", "no runes to choose from")

"""The beginning of a text without its markup: what the ``excerpt`` modifier of ``fields`` shows."""

import re
from html.parser import HTMLParser

EXCLUDED_TAGS = frozenset((
    "head", "style", "script", "iframe", "embed", "applet", "object", "svg", "img", "picture", "dialog", "template",
    "button", "form", "textarea", "input", "select", "option",
))  # fmt: skip
INLINE_TAGS = frozenset((
    "a", "abbr", "acronym", "b", "bdo", "big", "br", "button", "cite", "code", "em", "i", "label", "q", "small", "span",
    "strong", "strike", "sub", "sup", "time",
))  # fmt: skip
VOID_TAGS = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
))  # fmt: skip
_SPACES = re.compile(r"[\t\n\f\r ]+")
_CUT = " \t\n\v\f\r\x85\xa0"


class _Plain(HTMLParser):
    """Collects text; block elements are set apart by a space, excluded ones are left out with all they contain."""

    def __init__(self, bytes_wanted: int) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._wanted = bytes_wanted
        self._size = 0
        self._after_space = False
        self._excluded: list[str] = []

    def _space(self) -> None:
        if not self._after_space:
            self._add(" ")
            self._after_space = True

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self._size += len(text.encode())

    @property
    def _full(self) -> bool:
        return self._size > self._wanted + 2

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        if self._excluded:
            if tag == self._excluded[-1] and tag not in VOID_TAGS:
                self._excluded.append(tag)
        elif tag in EXCLUDED_TAGS:
            if tag not in VOID_TAGS:
                self._excluded.append(tag)
        elif tag not in INLINE_TAGS and not self._full:
            self._space()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """HTML knows no empty elements but the void ones: this begins one."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if self._excluded:
            if tag == self._excluded[-1]:
                self._excluded.pop()
        elif tag not in INLINE_TAGS and tag not in EXCLUDED_TAGS and not self._full:
            self._space()

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._excluded or self._full:
            return
        text = _SPACES.sub(" ", data)
        if self._after_space:
            text = text.lstrip(" ")
        if text:
            self._after_space = text.endswith(" ")
            self._add(text)


def excerpt(text: str, length: int, *, ellipsis: bool) -> str:
    """At most `length` characters of the text of `text`; "..." is added where something was cut, if wanted."""
    parser = _Plain(length)
    parser.feed(text)
    parser.close()
    plain = "".join(parser.parts).strip(_CUT)
    if len(plain) <= length:
        return plain
    return plain[:length].strip(_CUT) + ("..." if ellipsis else "")

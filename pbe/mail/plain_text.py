"""The plain text of a mail's HTML: paragraphs on lines of their own, links as [label](address)."""

import re
from html.parser import HTMLParser

_SKIPPED = frozenset({
    "style", "script", "iframe", "applet", "object", "svg", "button", "form", "textarea", "select", "option",
    "template", "head", "title",
})  # fmt: skip
_INLINE = frozenset({"a", "span", "small", "strike", "strong", "sub", "sup", "em", "b", "u", "i", "img", "input"})
_SPACES = re.compile(r"\s+")


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._line_open = False
        self._skipped = 0
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skipped += 1
        elif self._skipped:
            return
        elif tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self.parts))
        elif tag == "br" or (self._line_open and tag not in _INLINE):
            self._break()
        if tag == "li":
            self._add("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipped = max(self._skipped - 1, 0)
        elif tag == "a" and self._link is not None:
            (address, start), self._link = self._link, None
            label = "".join(self.parts[start:]).strip() or "LINK"
            self.parts[start:] = [f"[{label}]({address})" if address else f"[{label}]"]
            self._line_open = True
        elif tag not in _INLINE and self._line_open:
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            text = _SPACES.sub(" ", data)
            self._add(text if self._line_open else text.lstrip(" "))

    def _add(self, text: str) -> None:
        if text:
            self.parts.append(text)
            self._line_open = True

    def _break(self) -> None:
        self.parts.append("\n")
        self._line_open = False


def plain_text(html: str) -> str:
    """The text of `html`; what is no HTML is its own text."""
    writer = _Writer()
    writer.feed(html)
    writer.close()
    return "".join(writer.parts).strip()

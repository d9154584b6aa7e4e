"""Finds the handler of a method and path by the path's segments."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from pbe.errors import Misuse

Handler = Callable[..., Awaitable[Any]]
_REST = "..."


class _Node:
    """One segment of the tree: literal children first, then one parameter, then one that takes the rest."""

    __slots__ = ("handlers", "literal", "parameter", "rest")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.rest: _Node | None = None
        self.handlers: dict[str, tuple[Handler, tuple[str, ...]]] = {}


class Router:
    """Patterns such as "/api/collections/{collection}/records/{id}" and "/_/{path...}".

    A literal segment is preferred to a parameter, a parameter to the rest; the search goes back when the preferred way
    leads nowhere. The empty method of a pattern takes every method; GET takes HEAD too.
    """

    def __init__(self) -> None:
        self._root = _Node()
        self._literal: dict[tuple[str, str], Handler] = {}

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Register `handler`; a second one for the same method and pattern is misuse."""
        node, names = self._root, []
        for segment in pattern.split("/")[1:]:
            if segment.startswith("{") and segment.endswith("}"):
                name = segment[1:-1]
                names.append(name.removesuffix(_REST))
                if name.endswith(_REST):
                    node.rest = node.rest or _Node()
                    node = node.rest
                    break
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literal.setdefault(segment, _Node())
        if method in node.handlers:
            raise Misuse("add a route", f"{method} {pattern}", hint="registered twice")
        node.handlers[method] = (handler, tuple(names))
        if not names:
            self._literal[method, pattern] = handler

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """The handler and the parameters' values for `path`, as sent or decoded; None where nothing matches.

        Segments are decoded after they are told apart, so an escaped slash stays inside its parameter.
        """
        literal = self._literal.get((method, path))
        if literal is not None:
            return literal, {}
        values: list[str] = []
        segments, escaped = path.split("/")[1:], "%" in path
        found = None if escaped else self._straight(method, segments, values)
        if found is None:
            values = []
            found = self._walk(self._root, method, segments, 0, values)
        if found is None:
            return None
        handler, names = found
        if escaped:
            values = [unquote(value, errors="replace") for value in values]
        return handler, dict(zip(names, values, strict=True))

    def _straight(self, method: str, segments: list[str], values: list[str]) -> tuple[Handler, tuple[str, ...]] | None:
        """What `_walk` finds without going back, None where it would; for segments without an escape."""
        node = self._root
        for segment in segments:
            child = node.literal.get(segment)
            if child is None:
                child = node.parameter
                if child is None or not segment:
                    return None
                values.append(segment)
            node = child
        return _handler(node, method)

    def _walk(
        self, node: _Node, method: str, segments: list[str], at: int, values: list[str]
    ) -> tuple[Handler, tuple[str, ...]] | None:
        if at == len(segments):
            return _handler(node, method)
        segment = segments[at]
        child = node.literal.get(segment if "%" not in segment else unquote(segment, errors="replace"))
        if child is not None:
            found = self._walk(child, method, segments, at + 1, values)
            if found is not None:
                return found
        if node.parameter is not None and segment:
            values.append(segment)
            found = self._walk(node.parameter, method, segments, at + 1, values)
            if found is not None:
                return found
            values.pop()
        if node.rest is not None:
            found = _handler(node.rest, method)
            if found is not None:
                values.append("/".join(segments[at:]))
                return found
        return None


def _handler(node: _Node, method: str) -> tuple[Handler, tuple[str, ...]] | None:
    handlers = node.handlers
    found = handlers.get(method)
    if found is None and method == "HEAD":
        found = handlers.get("GET")
    return found if found is not None else handlers.get("")


def canonical(path: str) -> str:
    """`path` without empty, "." and ".." segments, as Go's mux redirects to; a trailing slash is kept."""
    if "//" not in path and "/." not in path:
        return path or "/"
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    cleaned = "/" + "/".join(kept)
    if not segments[-1] and cleaned != "/":
        cleaned += "/"
    return cleaned

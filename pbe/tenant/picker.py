"""The ``fields`` of a query: which keys of an answer a client wants, some of them shortened.

    title,author.name,*,body:excerpt(200,true)

A path reaches into objects and into every object of a list. ``*`` is every key of its level that no path names.
"""

from collections.abc import Callable
from typing import Any

from pbe.errors import BadRequest
from pbe.schema import go_cast, tokenizer
from pbe.tenant.excerpt import excerpt

Modify = Callable[[Any], Any]
Fields = dict[str, Modify | None]


def parse(text: str) -> Fields:
    """The wanted paths, each with what to do to its value; `BadRequest` for an unknown or wrong modifier."""
    found: Fields = {}
    try:
        parts = tokenizer.split(text, ",")
    except tokenizer.Unbalanced as error:
        raise BadRequest(cause=str(error)) from error
    for part in parts:
        path, colon, modifier = part.strip().partition(":")
        found[path] = _modifier(modifier) if colon else None
    return found


def _modifier(text: str) -> Modify:
    words = [word for word in text.replace("(", ",").replace(")", ",").replace(" ", ",").split(",") if word]
    if not words or words[0] != "excerpt":
        raise BadRequest(cause=f"unknown modifier {text!r}")
    args = words[1:]
    if not 1 <= len(args) <= 2:
        raise BadRequest(cause="excerpt takes one or two arguments")
    length = _int(args[0])
    if length <= 0:
        raise BadRequest(cause="excerpt needs a positive length")
    ellipsis = len(args) > 1 and go_cast.to_bool(args[1])
    return lambda value: excerpt(value, length, ellipsis=ellipsis) if isinstance(value, str) else value


def _int(text: str) -> int:
    try:
        return int(go_cast.to_float(text))
    except (ValueError, OverflowError):
        return 0


def pick(data: Any, fields: Fields) -> Any:
    """`data` with the wanted keys only; changed in place where it is a dictionary or a list of them."""
    if isinstance(data, dict):
        _pick_object(data, fields)
    elif isinstance(data, list) and data and isinstance(data[0], dict):
        for item in data:
            if isinstance(item, dict):
                _pick_object(item, fields)
    return data


def _pick_object(data: dict[str, Any], fields: Fields) -> None:
    if not fields:
        return
    if "*" in fields:
        for key in data:
            if not any(_leads(path, key) for path in fields):
                fields[key] = fields["*"]
    for key in list(data):
        inner: Fields = {path: modify for path, modify in fields.items() if _leads(path, key)}
        if not inner:
            del data[key]
        elif key in inner:
            modify = inner[key]
            if modify is not None:
                data[key] = modify(data[key])
        else:
            pick(data[key], {path[len(key) + 1 :]: modify for path, modify in inner.items()})


def _leads(path: str, key: str) -> bool:
    return path == key or path.startswith(key + ".")

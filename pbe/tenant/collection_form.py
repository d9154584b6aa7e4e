"""A collection sent as a form: flat names, dotted for what is inside options; lists by repeating a name.

As in the stock server a form touches every rule: those it does not name become "", which is public.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pbe.schema.collection import AUTH, RULES
from pbe.schema.collection_auth import SHAPE

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})
_PLAIN = {"name": "str", "type": "str", "id": "str", "system": "bool", "viewQuery": "str", "indexes": "strings"}


def from_form(form: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The JSON that the form stands for; ValueError for a value of the wrong type."""
    data: dict[str, Any] = {name: (form.get(name) or [""])[0] for name in RULES}
    for name, kind in _PLAIN.items():
        if form.get(name):
            data[name] = _value(form[name], kind)
    if data.get("type") == AUTH:
        data["authRule"] = (form.get("authRule") or [""])[0]
        data["manageRule"] = (form.get("manageRule") or [""])[0]
    data |= _options(form, SHAPE, "")
    return data


def _options(form: Mapping[str, Sequence[str]], shape: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in shape.items():
        if isinstance(kind, dict):
            inner = _options(form, kind, f"{prefix}{name}.")
            if inner:
                found[name] = inner
        elif isinstance(kind, str) and kind != "map" and form.get(prefix + name):
            found[name] = _value(form[prefix + name], kind)
    return found


def _value(values: Sequence[str], kind: str) -> Any:
    if kind == "strings":
        return list(values)
    if kind in ("bool", "flag"):
        if values[0] not in _TRUE | _FALSE:
            raise ValueError("no truth value")
        return values[0] in _TRUE
    return int(values[0] or "0", 0) if kind == "int" else values[0]

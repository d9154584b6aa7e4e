"""Settings sent as a form: dotted names, and texts that the settings' types make values of."""

from collections.abc import Mapping
from typing import Any

from pbe.tenant.settings import DEFAULTS, SettingsUnreadable

_TRUE, _FALSE = (
    frozenset({"1", "t", "T", "TRUE", "true", "True"}),
    frozenset({"0", "f", "F", "FALSE", "false", "False"}),
)


def from_form(form: Mapping[str, list[str]]) -> dict[str, Any]:
    """The patch that a form like ``meta.appName=x&smtp.port=25`` describes; unknown names are ignored."""
    patch: dict[str, Any] = {}
    for name, values in form.items():
        path = name.split(".")
        shape: Any = DEFAULTS
        for part in path:
            shape = shape.get(part) if isinstance(shape, dict) else None
        if shape is None or isinstance(shape, dict) or not values:
            continue
        target = patch
        for part in path[:-1]:
            target = target.setdefault(part, {})
        target[path[-1]] = list(values) if isinstance(shape, list) else _value(name, values[0], shape)
    return patch


def _value(name: str, text: str, shape: Any) -> Any:
    if isinstance(shape, bool):
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        raise SettingsUnreadable("read settings", name, hint="not a truth value")
    if isinstance(shape, int):
        try:
            return int(text)
        except ValueError:
            raise SettingsUnreadable("read settings", name, hint="not a number") from None
    return text

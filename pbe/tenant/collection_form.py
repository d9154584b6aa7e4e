"""A collection sent as a form: flat names, dotted for what is inside options; lists by repeating a name.

What a form reaches is what the stock server's reader of forms reaches: it takes the name of the last object that it
went into for a prefix, so `system`, `oauth2.enabled` and whatever follows an object are out of reach. A form touches
every rule: those it does not name become "", which is public.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pbe.schema.collection import RULES
from pbe.schema.collection_auth import TOKENS

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})
_TEMPLATES = ("verificationTemplate", "resetPasswordTemplate", "confirmEmailChangeTemplate")
_PLAIN = {"id": "str", "name": "str", "type": "str", "viewQuery": "str", "indexes": "strings"}
_OPTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "authAlert": (("enabled", "authAlert.enabled", "bool"),),
    "passwordAuth": (
        ("enabled", "passwordAuth.enabled", "bool"),
        ("identityFields", "passwordAuth.identityFields", "strings"),
    ),
    "mfa": (("enabled", "mfa.enabled", "bool"), ("duration", "mfa.duration", "int"), ("rule", "mfa.rule", "str")),
    "otp": (("enabled", "otp.enabled", "bool"), ("duration", "otp.duration", "int"), ("length", "otp.length", "int")),
    **{name: (("secret", f"{name}.secret", "str"), ("duration", f"{name}.duration", "int")) for name in TOKENS},
    **{name: (("subject", f"{name}.subject", "str"), ("body", f"{name}.body", "str")) for name in _TEMPLATES},
}


def from_form(form: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The JSON that the form stands for; ValueError for a value of the wrong type."""
    if not form:
        return {}
    data: dict[str, Any] = {name: (form.get(name) or [""])[0] for name in (*RULES, "authRule", "manageRule")}
    data |= {name: _value(form[name], kind) for name, kind in _PLAIN.items() if form.get(name)}
    for option, members in _OPTIONS.items():
        found = {member: _value(form[name], kind) for member, name, kind in members if form.get(name)}
        if found:
            data[option] = found
    return data


def _value(values: Sequence[str], kind: str) -> Any:
    if kind == "strings":
        return list(values)
    if kind == "bool":
        if values[0] not in _TRUE | _FALSE:
            raise ValueError("no truth value")
        return values[0] in _TRUE
    return int(values[0] or "0", 0) if kind == "int" else values[0]

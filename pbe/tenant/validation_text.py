"""Validation errors as one line of text, for messages that quote them."""

from collections.abc import Mapping
from typing import Any

_AS_SAID = frozenset({"validation_found_via", "validation_field_relation_missing_collection"})


def sentence_of(errors: Mapping[str, Any]) -> str:
    """`name: what is wrong; other: (nested: what is wrong.).`, names sorted."""
    return "; ".join(f"{name}: {_text(errors[name])}" for name in sorted(errors)) + "."


def _text(error: Mapping[str, Any]) -> str:
    code, message = error.get("code"), error.get("message")
    if not isinstance(code, str) or not isinstance(message, str):
        return f"({sentence_of(error)})"
    if code in _AS_SAID:
        return message
    return message[:1].lower() + message[1:].removesuffix(".")

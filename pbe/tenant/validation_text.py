"""Validation errors as one line of text, for messages that quote them."""

from collections.abc import Mapping
from typing import Any

_GENERAL = (
    "validation_required", "validation_length_", "validation_match_", "validation_in_", "validation_not_in_",
    "validation_min_greater_", "validation_max_less_", "validation_empty", "validation_nil", "validation_is_",
    "validation_date_", "validation_invalid_regex",
)  # fmt: skip
_WITHOUT_STOP = frozenset(
    {
        "validation_invalid_rule", "validation_only_int_constraint", "validation_min_number_constraint",
        "validation_duplicated_field_id", "validation_duplicated_field_name", "validation_missing_field",
        "validation_invalid_view_query",
    }
)  # fmt: skip


def sentence_of(errors: Mapping[str, Any]) -> str:
    """`name: what is wrong; other: (nested: what is wrong.).`, names sorted."""
    return "; ".join(f"{name}: {_text(errors[name])}" for name in sorted(errors)) + "."


def _text(error: Mapping[str, Any]) -> str:
    return bare(error) if is_entry(error) else f"({sentence_of(error)})"


def is_entry(error: Mapping[str, Any]) -> bool:
    """Whether it is one error, not a map of them."""
    return isinstance(error.get("code"), str) and isinstance(error.get("message"), str)


def bare(entry: Mapping[str, Any]) -> str:
    """The entry's message before it was made a sentence."""
    message = str(entry["message"])
    if entry["code"].startswith(_GENERAL):
        return message[:1].lower() + message[1:].removesuffix(".")
    return message.removesuffix(".") if entry["code"] in _WITHOUT_STOP else message


def tree_of(errors: Mapping[str, Any]) -> dict[str, Any]:
    """The errors with their bare messages in place of entries."""
    return {name: bare(entry) if is_entry(entry) else tree_of(entry) for name, entry in errors.items()}

"""The general validation rules and their exact codes, messages and parameters.

A rule is a function of a value that returns a `field_error`, or None where the value passes. As in PocketBase,
every rule but `required` and `length` lets an empty value pass.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pbe.errors import field_error

Entry = dict[str, Any]
Rule = Callable[[Any], Entry | None]
SAFE_INT_MAX = (1 << 53) - 1

REQUIRED = field_error("validation_required", "cannot be blank")


def required(value: Any) -> Entry | None:
    """Refuses "", 0, False, None and empty lists."""
    return None if value else REQUIRED


def empty(value: Any) -> Entry | None:
    """Refuses everything else."""
    return field_error("validation_empty", "must be blank") if value else None


def nil(value: Any) -> Entry | None:
    """Refuses everything but None."""
    return None if value is None else field_error("validation_nil", "must be blank")


def length(low: int, high: int) -> Rule:
    """Between `low` and `high` bytes long; the empty string passes."""

    def rule(value: Any) -> Entry | None:
        size = len(value.encode()) if isinstance(value, str) else len(value)
        if not size or low <= size <= high:
            return None
        params = {"min": low, "max": high}
        if low == 0:
            return field_error("validation_length_too_long", f"the length must be no more than {high}", params)
        return field_error("validation_length_out_of_range", f"the length must be between {low} and {high}", params)

    return rule


def at_least(low: float) -> Rule:
    """No less than `low`."""

    def rule(value: Any) -> Entry | None:
        if not value or value >= low:
            return None
        return field_error(
            "validation_min_greater_equal_than_required", f"must be no less than {low}", {"threshold": low}
        )

    return rule


def at_most(high: float) -> Rule:
    """No greater than `high`."""

    def rule(value: Any) -> Entry | None:
        if not value or value <= high:
            return None
        return field_error(
            "validation_max_less_equal_than_required", f"must be no greater than {high}", {"threshold": high}
        )

    return rule


def one_of(*allowed: Any, message: str = "must be a valid value") -> Rule:
    """One of the values."""

    def rule(value: Any) -> Entry | None:
        return None if not value or value in allowed else field_error("validation_in_invalid", message)

    return rule


def none_of(*refused: Any) -> Rule:
    """None of the values."""

    def rule(value: Any) -> Entry | None:
        return field_error("validation_not_in_invalid", "must not be in list") if value and value in refused else None

    return rule


def matches(test: Callable[[str], object]) -> Rule:
    """Text for which `test` is true."""

    def rule(value: Any) -> Entry | None:
        return (
            None if not value or test(value) else field_error("validation_match_invalid", "must be in a valid format")
        )

    return rule


def each(*rules: Rule) -> Callable[[Iterable[Any]], dict[str, Entry] | None]:
    """The errors of a list's items by their index."""

    def rule(values: Iterable[Any]) -> dict[str, Entry] | None:
        found = {str(index): entry for index, value in enumerate(values) if (entry := first(value, *rules)) is not None}
        return found or None

    return rule


def first(value: Any, *rules: Rule | None) -> Entry | None:
    """The first error of the rules, in their order; None stands for a rule that does not apply."""
    for rule in rules:
        if rule is not None and (entry := rule(value)) is not None:
            return entry
    return None


def gather(**entries: Entry | None) -> dict[str, Any] | None:
    """The entries that are errors, by their keyword; None where there is none."""
    found = {name: entry for name, entry in entries.items() if entry is not None}
    return found or None

"""One or several of a list of strings."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import go_cast, rules
from pbe.schema.field import SettingsContext, ValueContext, Verdict, option
from pbe.schema.field_many import ManyField


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectField(ManyField):
    """At most `max_select` of `values`; a single one is a string, several are a list."""

    help: str = option("str", "")  # type: ignore[misc]
    values: tuple[str, ...] = option("strings", ())
    max_select: int = option("int", 0)
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "select"

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """Not too many, and each of them allowed."""
        chosen = go_cast.to_unique_strings(value)
        if not chosen:
            return rules.REQUIRED if self.required else None
        limit = max(self.max_select, 1)
        if len(chosen) > limit:
            return field_error("validation_too_many_values", f"Select no more than {limit}", {"maxSelect": limit})
        for item in chosen:
            if item not in self.values:
                return field_error("validation_invalid_value", f"Invalid value {item}", {"value": item})
        return None

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """There are values, and no more are selected than there are."""
        count = rules.first(self.max_select, rules.at_least(0), rules.at_most(len(self.values) or 1))
        return rules.gather(**self.base_errors(), values=rules.required(self.values), maxSelect=count)

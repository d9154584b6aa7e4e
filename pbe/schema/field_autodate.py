"""An instant that the server sets when a record is created, updated, or both."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import dates, rules
from pbe.schema.field import Entry, Field, SettingsContext, ValueContext, Verdict, option


@dataclass(frozen=True, slots=True, kw_only=True)
class AutodateField(Field):
    """Set by the server; what a client sends for it is ignored. It has neither `help` nor `required`."""

    on_create: bool = option("bool", False)
    on_update: bool = option("bool", False)

    type: ClassVar[str] = "autodate"

    def cast(self, raw: Any) -> str:
        """Any accepted spelling of a date; what is none is ""."""
        return dates.cast(raw)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """Always passes."""
        return None

    def modifiers(self) -> dict[str, str]:
        """No key sets it."""
        return {}

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """One of the two is on, and a system field's stay as they are."""
        old = context.old if isinstance(context.old, AutodateField) else self
        errors = self.base_errors()
        errors["onCreate"] = self._check(self.on_create, old.on_create, self.on_update)
        errors["onUpdate"] = self._check(self.on_update, old.on_update, self.on_create)
        return rules.gather(**errors)

    def _check(self, value: bool, old: bool, other: bool) -> Entry | None:
        if self.system and value != old:
            return field_error("validation_values_mismatch", "Values don't match.")
        if not value and not other:
            return field_error("validation_required", "either onCreate or onUpdate must be enabled")
        return None

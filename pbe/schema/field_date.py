"""An instant, in UTC to the millisecond."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import dates, rules
from pbe.schema.field import Entry, Field, ValueContext, Verdict, option


@dataclass(frozen=True, slots=True, kw_only=True)
class DateField(Field):
    """An instant between `min` and `max`; its value is canonical text (see `schema.dates`), "" where there is none."""

    help: str = option("str", "")  # type: ignore[misc]
    min: str = option("date", "")
    max: str = option("date", "")
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "date"

    def cast(self, raw: Any) -> str:
        """Any accepted spelling; what is no date is ""."""
        return dates.cast(raw)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """In range; canonical text sorts as time does."""
        if not value:
            return rules.REQUIRED if self.required else None
        if self.min and value < self.min:
            return _bound("validation_min_greater_equal_than_required", "must be no less than", self.min)
        if self.max and value > self.max:
            return _bound("validation_max_less_equal_than_required", "must be no greater than", self.max)
        return None


def _bound(code: str, text: str, bound: str) -> Entry:
    whole, _, millis = bound[:-1].partition(".")
    fraction = millis.rstrip("0")
    seconds = f"{whole}.{fraction}" if fraction else whole
    return field_error(code, f"{text} {seconds} +0000 UTC", {"threshold": seconds.replace(" ", "T") + "Z"})

"""A number: a double, as JSON has it."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import go_cast, go_json, rules
from pbe.schema.field import APPEND, REPLACE, SUBTRACT, Entry, Field, SettingsContext, ValueContext, Verdict, option

INT_LIMIT = float(1 << 63)
ONLY_INT = field_error("validation_only_int_constraint", "Decimal numbers are not allowed")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberField(Field):
    """A number between `min` and `max`, where they are set; 0 is the absent value and passes both."""

    help: str = option("str", "")  # type: ignore[misc]
    min: float | None = option("float", None)
    max: float | None = option("float", None)
    only_int: bool = option("bool", False)
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "number"

    def column_type(self) -> str:
        """NUMERIC: whole numbers are stored as integers."""
        return "NUMERIC DEFAULT 0 NOT NULL"

    def zero(self) -> float:
        """0."""
        return 0.0

    def cast(self, raw: Any) -> float:
        """Text is parsed; what is no number is 0."""
        return go_cast.to_float(raw)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """Finite, whole where only_int, in range; 0 only has to pass `required`."""
        if math.isinf(value) or math.isnan(value):
            return field_error("validation_not_a_number", "The submitted number is not properly formatted")
        if value == 0:
            return rules.REQUIRED if self.required else None
        if self.only_int and not is_int64(value):
            return ONLY_INT
        if self.min is not None and value < self.min:
            return below(self.min)
        if self.max is not None and value > self.max:
            text = f"Must be less or equal than {shown(self.max)}"
            return field_error("validation_max_number_constraint", text, {"max": number_json(self.max)})
        return None

    def to_json(self, value: Any) -> Any:
        """Whole numbers without a fraction; a double where it has one or is too large for an exact integer."""
        return number_json(value)

    def modifiers(self) -> dict[str, str]:
        """`name+` adds, `name-` subtracts."""
        return {self.name: REPLACE, f"{self.name}+": APPEND, f"{self.name}-": SUBTRACT}

    def modify(self, operation: str, current: Any, raw: Any) -> float:
        """Sum or difference of the current value and the client's."""
        change = go_cast.to_float(raw)
        base = go_cast.to_float(current)
        return base + change if operation == APPEND else base - change if operation == SUBTRACT else change

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """Bounds are whole where only_int, and in order."""
        low = self._check_whole(self.min)
        high = self._check_whole(self.max)
        if high is None and self.min is not None and self.max is not None and self.max < self.min:
            high = below(self.min)
        return rules.gather(**self.base_errors(), min=low, max=high)

    def _check_whole(self, bound: float | None) -> Entry | None:
        return ONLY_INT if bound is not None and self.only_int and not is_int64(bound) else None


def is_int64(value: float) -> bool:
    """Whether the double is a whole number that fits 64 bits."""
    return -INT_LIMIT <= value < INT_LIMIT and value == int(value)


def number_json(value: float) -> float:
    """The int that equals the double, where every JSON reader keeps it exact; else the double. -0.0 stays."""
    if value == 0:
        return value if math.copysign(1.0, value) < 0 else 0
    return int(value) if abs(value) <= rules.SAFE_INT_MAX and value == int(value) else value


def below(low: float) -> Entry:
    """The error of a number that is under its minimum."""
    return field_error(
        "validation_min_number_constraint", f"Must be greater or equal than {shown(low)}", {"min": number_json(low)}
    )


def shown(value: float) -> str:
    """A number as messages show it."""
    size = abs(value)
    return go_json.exponent_text(value) if size and (size < 1e-4 or size >= 1e21) else go_json.plain_text(value)

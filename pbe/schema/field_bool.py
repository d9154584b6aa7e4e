"""True or false."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.schema import go_cast, rules
from pbe.schema.field import Field, ValueContext, Verdict, option


@dataclass(frozen=True, slots=True, kw_only=True)
class BoolField(Field):
    """True or false; a required one has to be true."""

    help: str = option("str", "")  # type: ignore[misc]
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "bool"

    def column_type(self) -> str:
        """0 or 1 in a column that is called BOOLEAN."""
        return "BOOLEAN DEFAULT FALSE NOT NULL"

    def zero(self) -> bool:
        """False."""
        return False

    def cast(self, raw: Any) -> bool:
        """Numbers other than 0 and the usual spellings of true."""
        return go_cast.to_bool(raw)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """True where required."""
        return rules.REQUIRED if self.required and not value else None

    def to_column(self, value: Any) -> int:
        """1 or 0."""
        return 1 if value else 0

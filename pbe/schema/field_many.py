"""What fields of one or several strings share: select, relation, file."""

from dataclasses import dataclass
from typing import Any

from pbe.schema import go_cast, go_json
from pbe.schema.field import APPEND, PREPEND, REPLACE, SUBTRACT, Field


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyField(Field):
    """A single value is a string in a TEXT column, several are a list in a JSON column."""

    @property
    def multiple(self) -> bool:
        """Whether it holds a list."""
        return int(getattr(self, "max_select", 0)) > 1

    def column_type(self) -> str:
        """TEXT or JSON."""
        return "JSON DEFAULT '[]' NOT NULL" if self.multiple else "TEXT DEFAULT '' NOT NULL"

    def zero(self) -> Any:
        """No value: "" or an empty list."""
        return [] if self.multiple else ""

    def items(self, value: Any) -> list[Any]:
        """The values of a raw or cast value as a list, distinct and not empty."""
        return go_cast.to_unique_strings(value)

    def cast(self, raw: Any) -> Any:
        """A list as it is; for a single value the last of them counts."""
        found = self.items(raw)
        if self.multiple:
            return found
        return found[-1] if found else ""

    def to_column(self, value: Any) -> str:
        """The string, or the JSON text of the list."""
        found = self.cast(value)
        return go_json.dumps(found) if self.multiple else found

    def modifiers(self) -> dict[str, str]:
        """`name+` appends, `+name` prepends, `name-` removes."""
        return {
            self.name: REPLACE,
            f"+{self.name}": PREPEND,
            f"{self.name}+": APPEND,
            f"{self.name}-": SUBTRACT,
        }

    def modify(self, operation: str, current: Any, raw: Any) -> Any:
        """The current values with the client's added or taken away."""
        given = self.items(raw)
        before = self.items(current)
        if operation == APPEND:
            return self.cast(before + given)
        if operation == PREPEND:
            return self.cast(given + before)
        if operation == SUBTRACT:
            return self.cast([item for item in before if item not in given])
        return self.cast(raw)

"""A password, of which only the bcrypt hash is kept."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from pbe.errors import field_error
from pbe.schema import go_cast, pattern, rules
from pbe.schema.field import Entry, Field, SettingsContext, ValueContext, Verdict, option

CHARS_MAX = 71
BCRYPT_BYTES_MAX = 72
COST_DEFAULT = 10
COST_MIN, COST_MAX = 4, 31


class Password(NamedTuple):
    """What is stored, and what a client just sent. `plain` is hashed before the record is written, off the reactor."""

    hash: str = ""
    plain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordField(Field):
    """A password of `min` to `max` characters (71 where max is 0), hashed with `cost` (10 where it is 0)."""

    help: str = option("str", "")  # type: ignore[misc]
    pattern: str = option("str", "")
    min: int = option("int", 0)
    max: int = option("int", 0)
    cost: int = option("int", 0)
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "password"

    def zero(self) -> Password:
        """No password."""
        return Password()

    def cast(self, raw: Any) -> Password:
        """A new plain password; the hash is the caller's work (`bcrypt_cost`)."""
        return raw if isinstance(raw, Password) else Password(plain=go_cast.to_string(raw))

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """Present where required, and long enough; a stored hash alone always passes."""
        if len(value.plain.encode()) > BCRYPT_BYTES_MAX:
            return field_error("validation_invalid_value", "Invalid value.")
        if self.required and not (value.hash or value.plain):
            return rules.REQUIRED
        return self._check_plain(value.plain) if value.plain else None

    def _check_plain(self, plain: str) -> Entry | None:
        if len(plain) < self.min:
            return field_error("validation_min_text_constraint", f"Must be at least {self.min} character(s)")
        limit = self.max if self.max > 0 else CHARS_MAX
        if len(plain) > limit:
            return field_error("validation_max_text_constraint", f"Must be less than {limit} character(s)")
        if self.pattern and not pattern.found(self.pattern, plain):
            return field_error("validation_invalid_format", "Invalid value format")
        return None

    def to_column(self, value: Any) -> str:
        """The hash; never the password."""
        return str(value.hash)

    def from_column(self, raw: Any) -> Password:
        """The stored hash."""
        return Password(hash=go_cast.to_string(raw))

    def to_json(self, value: Any) -> str:
        """Always empty: neither password nor hash ever leaves."""
        return ""

    @property
    def bcrypt_cost(self) -> int:
        """The cost to hash with."""
        return self.cost if self.cost > 0 else COST_DEFAULT

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """Within bcrypt's limits."""
        return rules.gather(
            **self.base_errors(),
            min=rules.first(self.min, rules.at_least(1), rules.at_most(CHARS_MAX)),
            max=rules.first(self.max, rules.at_least(self.min), rules.at_most(CHARS_MAX)),
            cost=rules.first(self.cost, rules.at_least(COST_MIN), rules.at_most(COST_MAX)),
            pattern=rules.first(self.pattern, pattern.rule),
        )

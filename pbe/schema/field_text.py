"""Plain text, and the record's id."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import go_cast, pattern, rules
from pbe.schema.field import AUTOGENERATE, REPLACE, Entry, Field, SettingsContext, ValueContext, Verdict, option
from pbe.schema.question import IdFree

CHARS_MAX_DEFAULT = 5000
LOWERCASE_ID = "^[a-z0-9]+$"
AUTOGENERATE_TRIES = 10
ID_COLUMN = "TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL"
_FORBIDDEN_IN_IDS = ".", "/", "\\", "|", '"', "'", "`", "<", ">", ":", "?", "*", "%", "$", "\0", "\t", "\n", "\r", " "
_RESERVED_IDS = frozenset(
    {"CON", "PRN", "AUX", "NUL"} | {f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField(Field):
    """Text of `min` to `max` characters (5000 where max is 0). `min` and `pattern` are for non-empty text only."""

    help: str = option("str", "")  # type: ignore[misc]
    min: int = option("int", 0)
    max: int = option("int", 0)
    pattern: str = option("str", "")
    autogenerate_pattern: str = option("str", "")
    required: bool = option("bool", False)  # type: ignore[misc]
    primary_key: bool = option("bool", False)

    type: ClassVar[str] = "text"

    def column_type(self) -> str:
        """The id's column makes ids of its own for rows that are inserted without."""
        return ID_COLUMN if self.primary_key else "TEXT DEFAULT '' NOT NULL"

    def cast(self, raw: Any) -> str:
        """Scalars become text; lists and objects the empty string."""
        return go_cast.to_string(raw)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """An id cannot change, and has to be free where its pattern allows two spellings of one id."""
        if self.primary_key and not context.is_new:
            if context.record_id != value:
                return field_error("validation_pk_change", "The record primary key cannot be changed.")
            if value:
                return None
        if self.primary_key and self.pattern != LOWERCASE_ID:
            return IdFree(value, self.check_text(value))
        return self.check_text(value)

    def check_text(self, value: str) -> Entry | None:
        """The errors that the text alone can have."""
        if not value:
            return rules.REQUIRED if self.required or self.primary_key else None
        if self.min > 0 and len(value) < self.min:
            text = f"Must be at least {self.min} character(s)."
            return field_error("validation_min_text_constraint", text, {"min": self.min})
        limit = self.max or CHARS_MAX_DEFAULT
        if 0 < limit < len(value):
            text = f"Must be no more than {limit} character(s)."
            return field_error("validation_max_text_constraint", text, {"max": limit})
        if self.pattern and not pattern.found(self.pattern, value):
            return field_error("validation_invalid_format", "Invalid value format.")
        if self.primary_key and self.pattern != LOWERCASE_ID:
            return _id_error(value)
        return None

    def modifiers(self) -> dict[str, str]:
        """`name:autogenerate` takes a prefix for a generated value."""
        return {self.name: REPLACE, f"{self.name}:autogenerate": AUTOGENERATE}

    def autogenerate(self, random_bytes: Callable[[int], bytes]) -> str:
        """A random text of `autogenerate_pattern`; "" where there is none."""
        return pattern.generate(self.autogenerate_pattern, random_bytes) if self.autogenerate_pattern else ""

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """An id's field is called "id", has a pattern, and is the only one of its kind."""
        key = self.primary_key
        only_id = rules.one_of("id", message='The primary key must be named "id".') if key else None
        errors: dict[str, Entry | None] = self.base_errors(only_id)
        errors["primaryKey"] = self._check_single_key(context)
        errors["min"] = rules.first(self.min, rules.at_least(0), rules.at_most(rules.SAFE_INT_MAX))
        errors["max"] = rules.first(self.max, rules.at_least(self.min), rules.at_most(rules.SAFE_INT_MAX))
        errors["pattern"] = rules.first(self.pattern, rules.required if key else None, pattern.rule)
        errors["hidden"] = rules.first(self.hidden, rules.empty if key else None)
        errors["required"] = rules.first(self.required, rules.required if key else None)
        errors["autogeneratePattern"] = rules.first(self.autogenerate_pattern, pattern.rule, self._check_generated)
        return rules.gather(**errors)

    def _check_single_key(self, context: SettingsContext) -> Entry | None:
        keys = sum(1 for other in context.fields if isinstance(other, TextField) and other.primary_key)
        if self.primary_key and keys > 1:
            text = "Composite PKs are not supported and the collection must have only 1 PK."
            return field_error("validation_unsupported_composite_pk", text)
        return None

    def _check_generated(self, wanted: str) -> Entry | None:
        """The pattern's shortest, longest and a few other texts have to be valid values."""
        if not wanted:
            return None
        try:
            samples = pattern.samples(wanted, AUTOGENERATE_TRIES)
        except pattern.PatternError as error:
            return field_error("validation_invalid_autogenerate_pattern", error.sentence)
        for sample in samples:
            if self.check_text(sample) is not None:
                text = f"The provided autogenerate pattern could produce invalid field values, ex.: {_quoted(sample)}"
                return field_error("validation_invalid_autogenerate_pattern_value", text)
        return None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _id_error(value: str) -> Entry | None:
    for char in _FORBIDDEN_IN_IDS:
        if char in value:
            text = f"'{char}' is not a valid primary key character."
            return field_error("validation_forbidden_pk_character", text, {"ch": char})
    if value.upper() in _RESERVED_IDS:
        reserved = value.upper()
        text = f"The primary key '{reserved}' is reserved and cannot be used."
        return field_error("validation_reserved_pk", text, {"reserved": reserved})
    return None

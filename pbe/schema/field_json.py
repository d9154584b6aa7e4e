"""Any JSON, kept as its text."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import go_json, rules
from pbe.schema.field import Field, SettingsContext, ValueContext, Verdict, option

SIZE_BYTES_MAX_DEFAULT = 1 << 20
_EMPTY = frozenset({"null", '""', "[]", "{}", ""})
_STARTS = frozenset('0123456789-"[{')


class JsonText(str):
    """The text of a JSON value; the empty text stands for null and is NULL in the database."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JSONField(Field):
    """JSON of at most `max_size` bytes (1 MB where it is 0); its value is a `JsonText`."""

    help: str = option("str", "")  # type: ignore[misc]
    max_size: int = option("long", 0)
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "json"

    def column_type(self) -> str:
        """The only column that may be NULL."""
        return "JSON DEFAULT NULL"

    def zero(self) -> JsonText:
        """No JSON, which reads as null."""
        return JsonText("")

    def cast(self, raw: Any) -> JsonText:
        """A string that looks like JSON is taken as such, any other is a JSON string; infinity is nothing."""
        if raw is None or isinstance(raw, JsonText):
            return raw or JsonText("")
        if isinstance(raw, bytes):
            raw = raw.decode("utf-8", "replace")
        if isinstance(raw, str):
            return JsonText(_text_of_string(raw))
        try:
            return JsonText(go_json.dumps(raw))
        except ValueError:
            return JsonText("")  # infinity, which no JSON has

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """Valid, not too large, and something where required."""
        limit = self.max_body_bytes()
        if len(value) > limit or len(value.encode()) > limit:
            text = f"The maximum allowed JSON size is {limit} bytes"
            return field_error("validation_json_size_limit", text, {"maxSize": limit})
        if value and not go_json.is_valid(value, unique=True):
            return field_error("validation_invalid_json", "Must be a valid json value")
        return rules.REQUIRED if self.required and value.strip() in _EMPTY else None

    def to_column(self, value: Any) -> str | None:
        """The text, or NULL."""
        return str(value) or None

    def from_column(self, raw: Any) -> JsonText:
        """The column's affinity makes numbers of text that is one."""
        if raw is None:
            return JsonText("")
        return JsonText(raw) if isinstance(raw, str) else self.cast(raw)

    def to_json(self, value: Any) -> JsonText:
        """The text itself, `null` where there is none: whoever writes JSON puts it in as it is."""
        return value or JsonText("null")

    def max_body_bytes(self) -> int:
        """`max_size` or its default."""
        return self.max_size if self.max_size > 0 else SIZE_BYTES_MAX_DEFAULT

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """Sizes are not negative."""
        size = rules.first(self.max_size, rules.at_least(0), rules.at_most(rules.SAFE_INT_MAX))
        return rules.gather(**self.base_errors(), maxSize=size)


def _text_of_string(text: str) -> str:
    if text in ("null", "true", "false"):
        return text
    if text and text[0] in _STARTS and go_json.is_valid(text):
        return text
    return go_json.quoted(text)

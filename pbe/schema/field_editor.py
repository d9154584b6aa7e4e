"""Rich text: HTML as the client sent it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import go_cast, rules
from pbe.schema.field import Field, SettingsContext, ValueContext, Verdict, option

SIZE_BYTES_MAX_DEFAULT = 5 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorField(Field):
    """HTML of at most `max_size` bytes (5 MB where it is 0). `convert_urls` is for the dashboard."""

    help: str = option("str", "")  # type: ignore[misc]
    max_size: int = option("long", 0)
    convert_urls: bool = option("bool", False, "convertURLs")
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "editor"

    def cast(self, raw: Any) -> str:
        """Scalars become text; lists and objects the empty string."""
        return go_cast.to_string(raw)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """Present where required, and not too large."""
        if self.required and not value:
            return rules.REQUIRED
        limit = self.max_body_bytes()
        if len(value) > limit or len(value.encode()) > limit:
            text = f"The maximum allowed content size is {limit} bytes"
            return field_error("validation_content_size_limit", text, {"maxSize": limit})
        return None

    def max_body_bytes(self) -> int:
        """`max_size` or its default."""
        return self.max_size if self.max_size > 0 else SIZE_BYTES_MAX_DEFAULT

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """Sizes are not negative."""
        size = rules.first(self.max_size, rules.at_least(0), rules.at_most(rules.SAFE_INT_MAX))
        return rules.gather(**self.base_errors(), maxSize=size)

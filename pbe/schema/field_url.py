"""A URL."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import address, go_cast, rules
from pbe.schema.field import Field, SettingsContext, ValueContext, Verdict, option
from pbe.schema.field_email import domain_list_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class URLField(Field):
    """A URL whose host, port included, is one of `only_domains`, or none of `except_domains`."""

    help: str = option("str", "")  # type: ignore[misc]
    except_domains: tuple[str, ...] = option("strings", ())
    only_domains: tuple[str, ...] = option("strings", ())
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "url"

    def cast(self, raw: Any) -> str:
        """Scalars become text; lists and objects the empty string."""
        return go_cast.to_string(raw)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """A well-formed URL of an allowed host."""
        if not value:
            return rules.REQUIRED if self.required else None
        if not address.is_url(value):
            return field_error("validation_invalid_url", "Must be a valid url")
        host = address.url_host(value)
        if (self.only_domains and host not in self.only_domains) or host in self.except_domains:
            return field_error("validation_url_domain_not_allowed", "Url domain is not allowed")
        return None

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """Domains are domains, in one list only."""
        return rules.gather(**self.base_errors(), **domain_list_errors(self.except_domains, self.only_domains))

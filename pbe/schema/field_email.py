"""An e-mail address."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import address, go_cast, rules
from pbe.schema.field import Field, SettingsContext, ValueContext, Verdict, option


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailField(Field):
    """An address whose domain is one of `only_domains`, or none of `except_domains`; only one of the lists is used."""

    help: str = option("str", "")  # type: ignore[misc]
    except_domains: tuple[str, ...] = option("strings", ())
    only_domains: tuple[str, ...] = option("strings", ())
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "email"

    def cast(self, raw: Any) -> str:
        """Scalars become text; lists and objects the empty string."""
        return go_cast.to_string(raw)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """A well-formed address of an allowed domain."""
        if not value:
            return rules.REQUIRED if self.required else None
        if not address.is_email(value):
            return field_error("validation_is_email", "must be a valid email address")
        domain = value.rpartition("@")[2]
        if (self.only_domains and domain not in self.only_domains) or domain in self.except_domains:
            return field_error("validation_email_domain_not_allowed", "Email domain is not allowed")
        return None

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """Domains are domains, in one list only."""
        return rules.gather(**self.base_errors(), **domain_list_errors(self.except_domains, self.only_domains))


def domain_list_errors(except_domains: tuple[str, ...], only_domains: tuple[str, ...]) -> dict[str, Any]:
    """The errors of the two lists: each excludes the other."""
    check = rules.each(address.domain_rule)
    return {
        "exceptDomains": rules.empty(except_domains) if only_domains else check(except_domains),
        "onlyDomains": rules.empty(only_domains) if except_domains else check(only_domains),
    }

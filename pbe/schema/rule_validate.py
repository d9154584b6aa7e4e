"""What makes an API rule valid."""

from typing import Protocol

from pbe.errors import field_error
from pbe.schema.collection import Collection
from pbe.schema.field import Entry

SYSTEM_RULE = field_error("validation_collection_system_rule_change", "System collection API rule cannot be changed.")


class RuleCompiler(Protocol):
    """Knows the rule language."""

    def rule_error(self, collection: Collection, rule: str) -> str:
        """Why the rule cannot be compiled for the collection; "" where it can."""


def rule_error(new: Collection, old: Collection | None, name: str, compiler: RuleCompiler) -> Entry | None:
    """The rule of this JSON name has to compile, and those of system collections stay as they are."""
    rule = new.rule(name)
    error = text_error(new, rule, compiler)
    if error is None and old is not None and old.system and old.rule(name) != rule:
        return SYSTEM_RULE
    return error


def text_error(new: Collection, rule: str | None, compiler: RuleCompiler) -> Entry | None:
    """The rule has to compile; null and empty ones need not."""
    if rule and (text := compiler.rule_error(new, rule)):
        return field_error("validation_invalid_rule", f"Invalid rule. Raw error: {text}")
    return None

"""Why a rule does not compile, in the words that superusers are shown."""

from pbe.query.errors import FilterError


def rule_message(error: FilterError) -> str:
    """One sentence without its full stop."""
    return str(error)

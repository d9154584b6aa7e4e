"""Why a rule does not compile, in the words that superusers are shown."""

from pbe.query.errors import FilterError
from pbe.schema import go_json

_QUOTED = {
    "unknown field": 'unknown field "{0}"',
    "failed to resolve field": 'failed to resolve field "{0}"',
    "failed to load collection": 'failed to load collection "{0}" from field path "{1}"',
    "field is not a valid relation": 'field "{0}" is not a valid relation',
    "unknown function": 'unknown function "{0}"',
    "unknown modifier": 'unknown modifier in "{0}"',
    "non-filterable field": 'non-filterable field "{0}"',
    "invalid sign operator": 'invalid sign operator "{0}"',
    "invalid join operator": 'invalid join operator "{0}"',
    "unexpected character": "unexpected character '{0}'",
    "missing closing bracket": "invalid formatted group - missing 1 closing bracket(s)",
    "invalid quoted text": "invalid quoted text {2}",
    "failed to load back relation field": 'failed to load back relation field "{0}" collection',
    "missing back relation field": 'missing back relation field "{0}"',
    "invalid back relation field": 'invalid back relation field "{0}"',
    "invalid collection reference of a back relation field": (
        'invalid collection reference of a back relation field "{0}"'
    ),
    "non-filterable back relation field": 'non-filterable back relation field "{0}"',
    "max nested relations reached": 'max nested relations reached for field "{0}"',
    "failed to load the collection of field": 'failed to load field "{0}" collection',
    "field doesn't support multivalue operations": 'field "{0}" doesn\'t support multivalue operations',
    "invalid @collection field path": 'invalid @collection field path in "{1}"',
    "invalid number": 'invalid number "{0}"',
    "invalid identifier": 'invalid identifier "{0}"',
}


def rule_message(error: FilterError) -> str:
    """One sentence without its full stop."""
    template = _QUOTED.get(error.operation)
    if template is not None:
        text = template.format(error.subject, error.operand, go_json.quoted(error.subject))
    else:
        text = f"{error.operation} {error.subject}".strip()
    return f'invalid {error.side} operand "{error.operand}" - {text}' if error.side else text

"""The refusal of a command: certain, replicated, and without any effect."""

from pbe.errors import BadRequest, PbeError, field_error, sentence


class Rejected(PbeError):
    """A command that the state refuses; it has no effect, now or later.

    field: the JSON name of the value that is wrong ("" when it is the whole command); code: a stable word;
    message: a public sentence. `kind` tells the caller which status fits: "invalid" (400), "missing" (404),
    "conflict" (409), "stale" (412: `if_revision` did not hold), "forbidden" (403).
    """

    def __init__(self, field: str, code: str, message: str, kind: str = "invalid") -> None:
        self.field = field
        self.code = code
        self.message = sentence(message)
        self.kind = kind
        super().__init__("apply", f"{field}: {code}", hint=self.message)

    def as_bad_request(self) -> BadRequest:
        """The refusal as a client of the HTTP API sees it, the field named in `data`."""
        data = {self.field: field_error(self.code, self.message)} if self.field else {}
        return BadRequest(self.message, data)


def missing(field: str, what: str) -> Rejected:
    """There is no such record."""
    return Rejected(field, "not_found", f"There is no such {what}", "missing")


def taken(field: str, what: str) -> Rejected:
    """A value that must be unique is in use."""
    return Rejected(field, "validation_not_unique", f"The {what} is already in use")


def invalid(field: str, message: str) -> Rejected:
    """A value has the wrong form."""
    return Rejected(field, f"validation_invalid_{field.rsplit('.', maxsplit=1)[-1]}", message)

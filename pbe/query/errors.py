"""Why a filter, rule or sort could not be compiled."""

from pbe.errors import PbeError


class FilterError(PbeError):
    """The text of a filter, rule or sort is wrong, or it names what it may not.

    Private text: an endpoint decides which public error it becomes (400 for a list's filter, 404 for a view's rule).
    """

    def __init__(self, reason: str, subject: str = "") -> None:
        super().__init__(reason, subject)

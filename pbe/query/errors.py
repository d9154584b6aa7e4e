"""Why a filter, rule or sort could not be compiled."""

from pbe.errors import PbeError


class FilterError(PbeError):
    """The text of a filter, rule or sort is wrong, or it names what it may not.

    side, operand: which operand of a comparison could not be resolved, "" where the text could not even be parsed.
    Private text: an endpoint decides which public error it becomes (400 for a list's filter, 404 for a view's rule).
    """

    def __init__(self, reason: str, subject: str = "") -> None:
        super().__init__(reason, subject)
        self.side = ""
        self.operand = ""

    def at(self, side: str, operand: str) -> "FilterError":
        """The same error, of the operand on the "left" or "right" of a comparison; the innermost one stays."""
        if not self.side:
            self.side, self.operand = side, operand
        return self

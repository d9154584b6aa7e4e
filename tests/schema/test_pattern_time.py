import pytest

from pbe.schema import pattern


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ("^(a+)+$", "a" * 3000 + "!", False),
        ("^(a|aa)+$", "a" * 3000 + "!", False),
        ("(x+x+)+y", "x" * 3000, False),
        ("(x+x+)+y", "x" * 3000 + "y", True),
    ],
)
def test_a_pattern_that_backtracks_is_answered_all_the_same(text: str, value: str, matches: bool) -> None:
    """Right, and in the stock server's linear time."""
    assert pattern.found(text, value) is matches

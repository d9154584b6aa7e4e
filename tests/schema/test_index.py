"""CREATE INDEX statements."""

from hypothesis import given
from hypothesis import strategies as st

from pbe.schema import index


def test_a_statement_is_read_loosely_and_written_in_one_form() -> None:
    """Case, quotes and spaces do not matter on the way in."""
    parsed = index.parse(
        'create  unique index if not exists "s".[x] ON `t`(a collate nocase desc, (lower(b)) asc) where a > 1'
    )
    assert parsed.sql() == (
        "CREATE UNIQUE INDEX IF NOT EXISTS `s`.`x` ON `t` (\n"
        "  `a` COLLATE nocase DESC,\n  (lower(b)) ASC\n) WHERE a > 1"
    )


def test_one_column_stays_on_one_line() -> None:
    """As PocketBase writes it."""
    assert index.parse("CREATE INDEX x on t (a)").sql() == "CREATE INDEX `x` ON `t` (`a`)"


def test_other_text_is_no_index() -> None:
    """Invalid, and no text comes of it."""
    assert not index.parse("zzz").valid
    assert index.parse("CREATE INDEX x ON t ()").sql() == ""


def test_a_single_unique_column_is_found_without_case() -> None:
    """Only when it is alone, and unique."""
    indexes = [
        "CREATE UNIQUE INDEX a ON t (Email, x)",
        "CREATE INDEX b ON t (Email)",
        "CREATE UNIQUE INDEX c ON t (EMAIL)",
    ]
    found = index.single_unique(indexes, "email")
    assert found is not None
    assert found.name == "c"


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    """Garbage never raises, and what is written reads back the same."""
    parsed = index.parse(f"CREATE INDEX {text}")
    assert index.parse(parsed.sql()).sql() == parsed.sql()

"""Only the first of several statements is run where a superuser's text becomes part of one."""

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.schema.sql_statement import first_statement


@pytest.mark.parametrize(
    ("sql", "first"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1; DROP TABLE t", "SELECT 1"),
        ("SELECT ';' ; x", "SELECT ';' "),
        ("SELECT 'it''s;' ; x", "SELECT 'it''s;' "),
        ('SELECT "a;b", `c;d`, [e;f]; x', 'SELECT "a;b", `c;d`, [e;f]'),
        ("SELECT 1 -- ;\n; x", "SELECT 1 -- ;\n"),
        ("SELECT /* ; */ 1; x", "SELECT /* ; */ 1"),
        ("SELECT '\\'; DROP TABLE t; --'", "SELECT '\\'"),
        ("SELECT 'open; x", "SELECT 'open; x"),
        ("SELECT 3 / 1 - 2; x", "SELECT 3 / 1 - 2"),
    ],
)
def test_a_statement_ends_where_sqlite_ends_it(sql: str, first: str) -> None:
    """Strings know no backslash; names have three kinds of quotes; comments two forms."""
    assert first_statement(sql) == first


@given(st.text(alphabet="a1';\"`[]-/* \n", max_size=14))
def test_what_is_kept_is_never_two_statements(text: str) -> None:
    """SQLite itself is the twin: it sees one statement, or an error, and nothing after it."""
    connection = apsw.Connection(":memory:")
    seen: list[str] = []
    connection.exec_trace = lambda _cursor, statement, _bindings: seen.append(statement) or True
    try:
        connection.execute(first_statement(f"SELECT 1 {text}")).fetchall()
    except apsw.Error:
        return
    finally:
        connection.close()
    assert len([statement for statement in seen if "SELECT" in statement]) <= 1

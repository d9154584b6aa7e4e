import json
from collections.abc import Iterator
from typing import Any

import apsw
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe._fast import _rowjson, rowjson_twin

KINDS = range(9)
LEAVES = pytest.mark.parametrize("leaf", [_rowjson, rowjson_twin], ids=["extension", "twin"])
VALUES = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([0, 1, 2, ""])
    | st.floats(allow_nan=False)
    | st.binary(max_size=5)
    | st.text(max_size=10)
    | st.sampled_from(
        ['["a","b"]', "x[y", "[1]", '{"lon":1.5,"lat":2}', "{", "true", " null ", "2024-01-31 10:00:00.000Z"]
    )
)


@pytest.fixture(scope="module")
def connection() -> Iterator[apsw.Connection]:
    """A database in memory with 100 rows; SQLite's functions are known to the extension."""
    connection = apsw.Connection(":memory:")
    _rowjson.load(connection)
    connection.execute("CREATE TABLE t (id TEXT PRIMARY KEY, n, flag, tags)")
    connection.executemany(
        "INSERT INTO t VALUES (?, ?, ?, ?)", [(f"id{n:02}", n / 2, n % 2, f'["t{n}"]') for n in range(100)]
    )
    yield connection
    connection.close()


def fallback(index: int, value: Any) -> bytes:
    """Says which column held what."""
    return orjson.dumps([index, repr(value)])


def plan(leaf: Any, *columns: tuple[bytes, int, int], prefix: bytes = b"{", suffix: bytes = b"}") -> Any:
    """A plan of the leaf."""
    return leaf.Plan(prefix, columns, suffix, fallback)


def table_plan(leaf: Any) -> Any:
    """The plan for all of `t`."""
    return plan(leaf, (b'"id":', 0, -1), (b'"n":', 1, -1), (b'"flag":', 2, -1), (b'"tags":', 4, -1))


@settings(deadline=None)
@given(st.lists(st.tuples(VALUES, st.sampled_from(KINDS), st.integers(-1, 2)), min_size=3, max_size=3))
def test_both_write_the_same_row(columns: list[tuple[Any, int, int]]) -> None:
    """Any value under any kind, with and without guards, is written to the same byte and is JSON."""
    connection = apsw.Connection(":memory:")
    _rowjson.load(connection)
    params = tuple(value for value, _, _ in columns)
    described = tuple((f'"c{at}":'.encode(), kind, guard) for at, (_, kind, guard) in enumerate(columns))
    written = []
    for leaf in (_rowjson, rowjson_twin):
        rows = leaf.Rows(connection, 10)
        written.append(rows.query("SELECT ?, ?, ?", params, plan(leaf, *described, prefix=b'{"a":1')))
        written.append(rows.apart("SELECT ?, ?, ?", params, plan(leaf, *described), (0, 2)))
        rows.close()
    connection.close()
    assert written[0] == written[2]
    assert written[1] == written[3]
    json.loads(written[0][0])
    json.loads(written[1][0][0])


@LEAVES
@pytest.mark.parametrize("release", [False, True])
def test_many_rows_come_with_commas_and_a_count(leaf: Any, release: bool, connection: apsw.Connection) -> None:
    """The body is the inside of a JSON array."""
    rows = leaf.Rows(connection, 10)
    body, count = rows.query("SELECT * FROM t WHERE n < ?", (20,), table_plan(leaf), release)
    rows.close()
    assert count == 40
    assert json.loads(b"[" + body + b"]")[3] == {"id": "id03", "n": 1.5, "flag": True, "tags": ["t3"]}


@LEAVES
def test_no_row_is_an_empty_body(leaf: Any, connection: apsw.Connection) -> None:
    """Nothing found is nothing written."""
    rows = leaf.Rows(connection, 10)
    assert rows.query("SELECT * FROM t WHERE n < ?", (-1,), table_plan(leaf)) == (b"", 0)
    rows.close()


@LEAVES
def test_look_ups_by_key_keep_their_order(leaf: Any, connection: apsw.Connection) -> None:
    """A key that finds nothing is None; the same key twice is written twice."""
    rows = leaf.Rows(connection, 10)
    found = rows.each(
        "SELECT id, 1 FROM t WHERE id = ?", ["id07", "none", "id07"], plan(leaf, (b'"id":', 0, -1), (b"", 8, -1))
    )
    rows.close()
    assert found == [b'{"id":"id07"}', None, b'{"id":"id07"}']


@LEAVES
def test_sqlites_refusals_come_with_their_code(leaf: Any, connection: apsw.Connection) -> None:
    """Bad SQL, wrong parameters, a plan of another width, an interrupted query, and rows that are closed."""
    rows = leaf.Rows(connection, 10)
    one = plan(leaf, (b'"a":', 0, -1))
    with pytest.raises(rowjson_twin.Failure, match="no such column: nope"):
        rows.query("SELECT nope FROM t", (), one)
    with pytest.raises(rowjson_twin.Failure):
        rows.query("SELECT ?", (), one)
    with pytest.raises(rowjson_twin.Failure):
        rows.query("SELECT 1, 2", (), one)
    connection.set_progress_handler(lambda: True, 10)
    with pytest.raises(rowjson_twin.Failure) as caught:
        rows.query("SELECT count(*) FROM t a, t b, t c", (), one)
    connection.set_progress_handler(None)
    assert caught.value.code == apsw.SQLITE_INTERRUPT
    assert rows.query("SELECT 'still works'", (), one) == (b'{"a":"still works"}', 1)
    rows.close()
    with pytest.raises(rowjson_twin.Failure):
        rows.query("SELECT 1", (), one)


@LEAVES
def test_an_error_of_the_fallback_is_the_callers(leaf: Any, connection: apsw.Connection) -> None:
    """It comes through, and the statement is reset."""

    def broken(index: int, value: Any) -> bytes:
        raise LookupError(index)

    rows = leaf.Rows(connection, 10)
    with pytest.raises(LookupError):
        rows.query("SELECT n FROM t", (), leaf.Plan(b"{", ((b'"n":', 0, -1),), b"}", broken))
    assert rows.query("SELECT n FROM t LIMIT 1", (), plan(leaf, (b'"n":', 1, -1)))[1] == 1
    rows.close()


@LEAVES
def test_a_changed_table_is_prepared_anew(leaf: Any) -> None:
    """A kept statement survives a change of the schema."""
    connection = apsw.Connection(":memory:")
    _rowjson.load(connection)
    connection.execute("CREATE TABLE s (a); INSERT INTO s VALUES (1)")
    rows = leaf.Rows(connection, 10)
    number = plan(leaf, (b'"a":', 1, -1))
    assert rows.query("SELECT a FROM s", (), number) == (b'{"a":1}', 1)
    connection.execute("ALTER TABLE s ADD COLUMN b; UPDATE s SET a = 2")
    assert rows.query("SELECT a FROM s", (), number) == (b'{"a":2}', 1)
    rows.close()
    connection.close()


def test_kept_statements_are_bounded_and_do_not_hold_the_connection_open() -> None:
    """More texts than are kept, then a clean close."""
    connection = apsw.Connection(":memory:")
    _rowjson.load(connection)
    rows = _rowjson.Rows(connection, 3)
    for number in range(20):
        body, _ = rows.query(f"SELECT {number}", (), plan(_rowjson, (b'"n":', 1, -1)))
        assert body == f'{{"n":{number}}}'.encode()
    rows.close()
    connection.close()


def test_text_that_is_no_utf8_goes_to_the_fallback() -> None:
    """A blob cast to text reaches the extension; it must still write JSON."""
    connection = apsw.Connection(":memory:")
    _rowjson.load(connection)
    rows = _rowjson.Rows(connection, 3)
    for kind in KINDS:
        body, _ = rows.query("SELECT CAST(x'22ff' AS TEXT)", (), plan(_rowjson, (b'"n":', kind, -1)))
        assert json.loads(body) in ({"n": [0, repr('"\ufffd')]}, {})
    rows.close()
    connection.close()


@LEAVES
def test_a_plan_that_makes_no_sense_is_refused(leaf: Any) -> None:
    """Unknown kinds and guards outside of the row."""
    for columns in (((b"", 9, -1),), ((b"", -1, -1),), ((b"", 0, 1),), ((b"", 0, -2),)):
        with pytest.raises(ValueError, match="no such"):
            plan(leaf, *columns)
    rows = leaf.Rows(apsw.Connection(":memory:"), 3)
    with pytest.raises(IndexError):
        rows.apart("SELECT 1", (), plan(leaf, (b"", 8, -1)), (1,))

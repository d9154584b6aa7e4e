"""SQL that a superuser types: it works on the tenant's data, and reaches nothing else."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pbe.storage.sqlite_errors import SqlError
from pbe.tenant import console
from tests.kit.tenant_site import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A tenant's site."""
    made = World(tmp_path)
    yield made
    made.close()


def _run(world: World, query: str) -> console.Outcome:
    return world.done(console.run(world.tenant, query))


def test_reading_gives_texts_with_their_declared_types(world: World) -> None:
    """NULL stays NULL."""
    outcome = _run(world, "SELECT 1 AS a, 'x' AS b, NULL AS c, 1.5 AS d, 1e21 AS e")
    assert [name for name, _ in outcome.columns] == ["a", "b", "c", "d", "e"]
    assert outcome.rows == [["1", "x", None, "1.5", "1e+21"]]
    assert outcome.affected_rows == 0


def test_writing_counts_its_rows(world: World) -> None:
    """Each call is a transaction of its own: the second statement's failure undoes the first."""
    _run(world, "CREATE TABLE t (a)")
    assert _run(world, "INSERT INTO t VALUES (1), (2), (3)").affected_rows == 3
    with pytest.raises(SqlError):
        _run(world, "DELETE FROM t; INSERT INTO nowhere VALUES (1)")
    assert _run(world, "SELECT count(*) FROM t").rows == [["3"]]


def test_a_statement_that_writes_behind_a_reading_word_still_writes(world: World) -> None:
    """WITH … INSERT is found out by the reader's refusal."""
    _run(world, "CREATE TABLE t (a)")
    _run(world, "WITH x(v) AS (VALUES (7)) INSERT INTO t SELECT v FROM x")
    assert _run(world, "SELECT a FROM t").rows == [["7"]]


def test_rows_are_bounded(world: World) -> None:
    """An endless statement ends there too."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    assert len(_run(world, endless).rows) == console.ROWS_MAX


@pytest.mark.parametrize(
    "query",
    [
        "ATTACH 'FOLDER/stolen.db' AS o",
        "/* x */ ATTACH 'FOLDER/stolen.db' AS o",
        "SELECT 1; ATTACH 'FOLDER/stolen.db' AS o",
        "INSERT INTO _params (id) VALUES ('q'); ATTACH 'FOLDER/stolen.db' AS o",
        "DETACH main",
        "VACUUM INTO 'FOLDER/stolen.db'",
        "INSERT INTO _params (id) VALUES ('q'); VACUUM INTO 'FOLDER/stolen.db'",
        "VACUUM",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = ON",
        "PRAGMA query_only = OFF",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA wal_checkpoint",
        "INSERT INTO _params (id) VALUES ('q'); PRAGMA user_version = 9",
        "INSERT INTO _params (id) VALUES ('q'); COMMIT",
        "INSERT INTO _params (id) VALUES ('q'); ROLLBACK",
        "INSERT INTO _params (id) VALUES ('q'); COMMIT; BEGIN",
        "SELECT load_extension('FOLDER/x.so')",
        "INSERT INTO _params (id) SELECT load_extension('FOLDER/x.so')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('FOLDER/stolen.db', 'x')",
        "CREATE VIRTUAL TABLE v USING csv(filename='/etc/passwd')",
        "UPDATE sqlite_schema SET sql = ''",
    ],
)
def test_what_would_leave_the_database_is_refused(world: World, tmp_path: Path, query: str) -> None:
    """Nothing of it stays, and the tenant works on."""
    with pytest.raises(SqlError):
        _run(world, query.replace("FOLDER", str(tmp_path)))
    assert not list(tmp_path.rglob("stolen.db"))
    assert _run(world, "SELECT count(*) FROM _params WHERE id = 'q'").rows == [["0"]]
    assert _run(world, "INSERT INTO _params (id) VALUES ('later')").affected_rows == 1
    assert len(_run(world, "PRAGMA database_list").rows) == 1
    assert _run(world, "PRAGMA journal_mode").rows == [["wal"]]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("SELECT 1, ?, ?", "missing argument with index 1"),
        ("SELECT ?3", "missing argument with index 1"),
        ("INSERT INTO _params (id) VALUES (:a)", 'missing named argument "a"'),
        ("DELETE FROM _params; SELECT $a::b(c)", 'missing named argument "a::b(c)"'),
    ],
)
def test_parameters_have_no_values(world: World, query: str, text: str) -> None:
    """Which is an error like any other: nothing of the statements before it stays."""
    before = _run(world, "SELECT count(*) FROM _params").rows
    with pytest.raises(console.ParameterMissing) as caught:
        _run(world, query)
    assert caught.value.text == text
    assert _run(world, "SELECT count(*) FROM _params").rows == before


def test_a_transaction_left_open_on_a_reader_is_ended(world: World) -> None:
    """It would keep an old state of the data in view."""
    _run(world, "BEGIN; SELECT count(*) FROM _params")
    _run(world, "INSERT INTO _params (id) VALUES ('seen')")
    for _ in range(8):
        assert _run(world, "SELECT count(*) FROM _params WHERE id = 'seen'").rows == [["1"]]


@pytest.mark.parametrize("query", ["SAVEPOINT s; DELETE FROM _params", "RELEASE pbe", "ROLLBACK TO pbe"])
def test_savepoints_of_ones_own_do_not_outlive_the_call(world: World, query: str) -> None:
    """Whatever comes of them, the next write begins afresh."""
    with suppress(SqlError):
        _run(world, "INSERT INTO _params (id) VALUES ('s'); " + query)
    assert _run(world, "INSERT INTO _params (id) VALUES ('next')").affected_rows == 1
    assert world.root("GET", "/api/settings").status == 200


def test_a_collection_changed_by_hand_is_seen(world: World) -> None:
    """The catalogue is read again."""
    _run(world, "UPDATE _collections SET listRule = '' WHERE name = 'users'")
    assert world.ask("GET", "/api/collections/users/records").status == 200
    assert world.root("GET", "/api/collections/users").json["listRule"] == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (1.5, "1.5"), (0.1, "0.1"), (0.0001, "0.0001"), (0.00001, "1e-05"),
        (100000.0, "100000"), (1e6, "1e+06"), (1234567.0, "1.234567e+06"), (1e21, "1e+21"), (-2.5e-7, "-2.5e-07"),
        (123456.789, "123456.789"), (123456789.0, "1.23456789e+08"), (float("inf"), "+Inf"), (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)  # fmt: skip
def test_floats_read_as_the_stock_server_writes_them(value: float, text: str) -> None:
    """Go's %v."""
    assert console.float_text(value) == text

from pathlib import Path
from typing import Any

import pytest

from pbe._fast import rowjson
from pbe.errors import Unavailable
from pbe.storage.sqlite_errors import SqlError
from tests.kit.sqlite_bench import Bench

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT max(i) FROM n"


def number_plan() -> rowjson.Plan:
    """One number."""
    return rowjson.Plan(b"{", ((b'"n":', rowjson.NUMBER, -1),), b"}", lambda index, value: b"null")


def asked(bench: Bench, sql: str, **options: Any) -> Any:
    """The rows of the text as JSON."""
    return bench.run(
        bench.database.rows(sql, lambda rows, release: rows.query(sql, (), number_plan(), release), **options)
    )


def test_rows_come_as_json_without_suspending(tmp_path: Path) -> None:
    """The fast path costs no turn."""
    bench = Bench(tmp_path)
    with pytest.raises(StopIteration) as stopped:
        bench.database.rows("", lambda rows, release: rows.query("SELECT 1", (), number_plan(), release)).send(None)
    assert stopped.value.value == (b'{"n":1}', 1)


def test_slow_rows_move_to_a_worker_and_stay_there(tmp_path: Path) -> None:
    """Interrupted inline, then written by a worker's own row writer."""
    bench = Bench(tmp_path, inline_s=0.0)
    assert asked(bench, SLOW) == (b'{"n":100000}', 1)
    assert bench.workers.ran == 1
    assert asked(bench, SLOW) == (b'{"n":100000}', 1)
    assert bench.workers.ran == 2


@pytest.mark.parametrize("heavy", [False, True])
def test_sqlites_refusal_is_an_error_of_ours(tmp_path: Path, heavy: bool) -> None:
    """Inline and on a worker."""
    with pytest.raises(SqlError, match="no such column: nope"):
        asked(Bench(tmp_path), "SELECT nope", heavy=heavy)


def test_a_database_closes_with_statements_kept(tmp_path: Path) -> None:
    """Row writers on all connections give theirs back first; later rows are refused."""
    bench = Bench(tmp_path)
    asked(bench, "SELECT 1")
    asked(bench, "SELECT 1", heavy=True)
    bench.run(bench.database.close())
    with pytest.raises(Unavailable):
        asked(bench, "SELECT 1")

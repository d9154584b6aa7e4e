from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import apsw
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.errors import BadRequest, Misuse, Unavailable
from pbe.storage.sqlite import CHECKPOINT_PAGES, Database, Transaction
from pbe.storage.sqlite_errors import ConstraintViolation, DatabaseBroken, QueryTooSlow, SqlError
from pbe.storage.sqlite_readers import QUERIES_MAX, QUERIES_WAITING_MAX, Readers
from tests.kit.sqlite_bench import Bench, outcome
from tests.kit.workers import HeldWorkers, InlineWorkers

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT max(i) FROM n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A database with one empty table."""
    return Bench(tmp_path)


def test_a_query_answers_without_suspending(bench: Bench) -> None:
    """A fast read never waits for the reactor."""
    with pytest.raises(StopIteration) as stopped:
        bench.database.query("SELECT 1, 'x'").send(None)
    assert stopped.value.value == [(1, "x")]


def test_writes_of_one_turn_share_one_commit(bench: Bench) -> None:
    """Three writes that arrive together are one transaction, answered after it."""
    before = bench.database.generation
    commits: list[int] = []
    bench.database.on_commit = commits.append
    waiting = [bench.start(bench.write("INSERT INTO t (name) VALUES (?)", (name,))) for name in "abc"]
    assert not any(deferred.called for deferred in waiting)
    bench.clock.advance(0)
    assert all(deferred.called for deferred in waiting)
    assert bench.rows() == ["a", "b", "c"]
    assert bench.database.generation == before + 1
    assert len(commits) == 1


def test_a_failing_write_undoes_itself_only(bench: Bench) -> None:
    """The neighbours of a failed write in its group are committed."""

    async def half(tx: Transaction) -> None:
        tx.execute("INSERT INTO t (name) VALUES ('half')")
        raise BadRequest("no")

    first = bench.start(bench.write("INSERT INTO t (name) VALUES ('a')"))
    failing = bench.start(bench.database.write(half))
    last = bench.start(bench.write("INSERT INTO t (name) VALUES ('b')"))
    bench.clock.advance(0)
    outcome(first), outcome(last)
    with pytest.raises(BadRequest):
        outcome(failing)
    assert bench.rows() == ["a", "b"]


def test_a_failing_write_alone_commits_nothing(bench: Bench) -> None:
    """A single failed work leaves neither rows nor a new generation."""

    async def half(tx: Transaction) -> None:
        tx.execute("INSERT INTO t (name) VALUES ('half')")
        raise BadRequest("no")

    before = bench.database.generation
    with pytest.raises(BadRequest):
        bench.run(bench.database.write(half))
    assert (bench.rows(), bench.database.generation) == ([], before)


def test_a_work_may_catch_its_own_violation_and_go_on(bench: Bench) -> None:
    """A violation undoes one statement, not the work."""

    async def upsert(tx: Transaction) -> int:
        tx.execute("INSERT INTO t (name) VALUES ('a')")
        try:
            tx.execute("INSERT INTO t (name) VALUES ('a')")
        except ConstraintViolation:
            tx.execute("UPDATE t SET name = 'b'")
        return tx.changes

    assert bench.run(bench.database.write(upsert)) == 1
    assert bench.rows() == ["b"]


@pytest.mark.parametrize(
    ("sql", "kind", "table", "columns"),
    [
        ("INSERT INTO t (id, name) VALUES (1, 'a'), (2, 'a')", "unique", "t", ("name",)),
        ("INSERT INTO t (name) VALUES (NULL)", "not_null", "t", ("name",)),
        ("INSERT INTO t (id, name) VALUES (1, 'a'), (1, 'b')", "unique", "t", ("id",)),
    ],
)
def test_a_violation_names_table_and_columns(
    bench: Bench, sql: str, kind: str, table: str, columns: tuple[str, ...]
) -> None:
    """What SQLite tells of a constraint is in the error's fields."""
    with pytest.raises(ConstraintViolation) as caught:
        bench.run(bench.write(sql))
    assert (caught.value.kind, caught.value.table, caught.value.columns) == (kind, table, columns)


def test_a_violation_of_an_expression_index_names_the_index(bench: Bench) -> None:
    """SQLite names no columns there."""
    bench.run(bench.write("CREATE UNIQUE INDEX by_lower ON t (lower(name))"))
    bench.run(bench.write("INSERT INTO t (name) VALUES ('a')"))
    with pytest.raises(ConstraintViolation) as caught:
        bench.run(bench.write("INSERT INTO t (name) VALUES ('A')"))
    assert (caught.value.columns, caught.value.index) == ((), "by_lower")


def test_foreign_keys_are_checked(bench: Bench) -> None:
    """The pragma is on, as PocketBase has it."""
    bench.run(bench.write("CREATE TABLE c (t INTEGER REFERENCES t (id))"))
    with pytest.raises(ConstraintViolation) as caught:
        bench.run(bench.write("INSERT INTO c VALUES (7)"))
    assert caught.value.kind == "foreign_key"


def test_bad_sql_is_one_error_wherever_it_runs(bench: Bench) -> None:
    """Inline, heavy and in a transaction, SQLite's message comes through."""
    for coroutine in (
        bench.database.query("SELECT nope"),
        bench.database.query("SELECT nope", heavy=True),
        bench.write("SELECT nope"),
    ):
        with pytest.raises(SqlError, match="no such column: nope"):
            bench.run(coroutine)


def test_a_work_that_suspends_in_a_group_is_misuse(bench: Bench) -> None:
    """A grouped transaction never stays open over a turn."""

    async def waits(tx: Transaction) -> None:
        tx.execute("INSERT INTO t (name) VALUES ('a')")
        await Deferred()

    with pytest.raises(Misuse):
        bench.run(bench.database.write(waits))
    assert bench.rows() == []


def test_a_slow_query_moves_to_a_worker_and_stays_there(tmp_path: Path) -> None:
    """Interrupted inline, answered by a worker, and not tried inline again."""
    bench = Bench(tmp_path, inline_s=0.0)
    assert bench.run(bench.database.query(ENDLESS)) == [(3000000,)]
    assert bench.workers.ran == 1
    assert bench.run(bench.database.query(ENDLESS)) == [(3000000,)]
    assert bench.workers.ran == 2


def test_a_query_past_its_limit_is_refused(tmp_path: Path) -> None:
    """The readers' limit ends a query that a worker runs."""
    bench = Bench(tmp_path)
    readers = Readers(InlineWorkers(), query_s_max=0.0)
    database = Database(tmp_path / "data.db", readers, bench.clock)
    with pytest.raises(QueryTooSlow):
        bench.run(database.query(ENDLESS, heavy=True))


def test_a_read_connection_refuses_writes(bench: Bench) -> None:
    """What goes to the readers cannot change the file behind the writer's back."""
    with pytest.raises(SqlError, match="readonly"):
        bench.run(bench.database.query("DELETE FROM t", heavy=True))


def test_one_database_takes_a_bounded_share_of_the_workers(tmp_path: Path) -> None:
    """QUERIES_MAX of its queries run, QUERIES_WAITING_MAX wait, the next is refused."""
    workers = HeldWorkers()
    bench = Bench(tmp_path, workers)
    total = QUERIES_MAX + QUERIES_WAITING_MAX
    waiting = [bench.start(bench.database.query("SELECT 1", heavy=True)) for _ in range(total)]
    assert len(workers.jobs) == QUERIES_MAX
    with pytest.raises(Unavailable):
        bench.run(bench.database.query("SELECT 1", heavy=True))
    for _ in range(total):
        workers.step()
    assert [outcome(deferred) for deferred in waiting] == [[(1,)]] * total


def exclusive_insert(bench: Bench) -> Coroutine[Any, Any, None]:
    """An exclusive write that does not suspend."""

    async def work(tx: Transaction) -> None:
        tx.execute("INSERT INTO t (name) VALUES ('b')")

    return bench.database.write(work, exclusive=True)


def test_a_heavy_statement_in_a_group_is_misuse(bench: Bench) -> None:
    """A grouped work cannot wait for a thread."""

    async def work(tx: Transaction) -> None:
        await tx.heavy("SELECT 1")

    with pytest.raises(Misuse):
        bench.run(bench.database.write(work))


def test_synchronous_durability_holds_the_answer(bench: Bench) -> None:
    """The write is committed and seen, but not answered before `durable` returns."""
    gate: Deferred[None] = Deferred()

    async def durable() -> None:
        await gate

    bench.database.durable = durable
    writing = bench.start(bench.write("INSERT INTO t (name) VALUES ('a')"))
    bench.clock.advance(0)
    assert bench.rows() == ["a"]
    assert not writing.called
    gate.callback(None)
    outcome(writing)


def test_a_failed_durability_fails_every_answer_it_held(bench: Bench) -> None:
    """A fenced owner acknowledges nothing."""

    async def durable() -> None:
        raise Unavailable("fenced")

    bench.database.durable = durable
    for coroutine in (bench.write("INSERT INTO t (name) VALUES ('a')"), exclusive_insert(bench)):
        with pytest.raises(Unavailable):
            bench.run(coroutine)


def test_the_replicator_hears_each_transaction(bench: Bench) -> None:
    """before_write comes before BEGIN, on_commit after COMMIT with the frames in the WAL; reads tell nothing."""
    heard: list[Any] = []
    bench.database.before_write = lambda: heard.append("begin")
    bench.database.on_commit = heard.append
    bench.run(bench.write("INSERT INTO t (name) VALUES ('a')"))
    bench.run(exclusive_insert(bench))
    bench.run(bench.write("SELECT 1"))
    assert [type(item).__name__ for item in heard] == ["str", "int", "str", "int", "str"]
    assert 0 < heard[1] < heard[3]
    wal = Path(bench.database.path + "-wal").stat().st_size
    assert wal == 32 + heard[3] * (24 + bench.database.page_size)


def test_checkpoints_come_only_when_asked(bench: Bench) -> None:
    """Passive copies all frames, truncate empties the WAL; closing leaves it alone."""
    wal = Path(bench.database.path + "-wal")
    bench.run(bench.write("INSERT INTO t (name) VALUES ('a')"))
    frames, backfilled = bench.run(bench.database.checkpoint("passive"))
    assert frames == backfilled > 0
    release: Callable[[], None] = bench.run(bench.database.hold_writes())
    bench.run(bench.database.checkpoint("truncate"))
    assert wal.stat().st_size == 0
    release()
    bench.run(bench.write("INSERT INTO t (name) VALUES ('b')"))
    size = wal.stat().st_size
    bench.run(bench.database.close())
    assert wal.stat().st_size == size > 0


def test_an_unreplicated_database_checkpoints_itself(tmp_path: Path) -> None:
    """The WAL of a database without a replicator stays bounded."""
    bench = Bench(tmp_path)
    for _ in range(3):
        bench.run(bench.write(f"INSERT INTO t (name) SELECT randomblob({CHECKPOINT_PAGES} * 4096)"))
    assert bench.workers.ran == 3
    assert Path(bench.database.path).stat().st_size > 2 * CHECKPOINT_PAGES * 4096


def test_closing_waits_for_the_queue_and_refuses_afterwards(bench: Bench) -> None:
    """What was queued before `close` is written; what comes later is refused."""
    queued = bench.start(bench.write("INSERT INTO t (name) VALUES ('a')"))
    closing = bench.start(bench.database.close())
    bench.clock.advance(0)
    bench.clock.advance(0)
    outcome(queued), outcome(closing)
    for coroutine in (bench.database.query("SELECT 1"), bench.write("SELECT 1"), exclusive_insert(bench)):
        with pytest.raises(Unavailable):
            bench.run(coroutine)
    connection = apsw.Connection(bench.database.path)
    assert connection.execute("SELECT name FROM t").fetchall() == [("a",)]
    connection.close()


def test_a_database_that_nobody_uses_rests(bench: Bench) -> None:
    """Its connection is closed after two quiet sweeps, the WAL stays, and the next use finds everything."""
    bench.run(bench.write("INSERT INTO t (name) VALUES ('a')"))
    wal = Path(bench.database.path + "-wal").read_bytes()
    bench.database.rest()
    assert bench.database.memory_bytes() > 0
    bench.database.rest()
    assert bench.database.memory_bytes() == 0
    assert Path(bench.database.path + "-wal").read_bytes() == wal
    assert bench.rows() == ["a"]
    bench.database.rest()
    bench.database.rest()
    frames: list[int] = []
    bench.database.on_commit = frames.append
    bench.run(bench.write("INSERT INTO t (name) VALUES ('b')"))
    assert bench.rows() == ["a", "b"]
    assert frames[0] * (24 + 4096) + 32 == Path(bench.database.path + "-wal").stat().st_size


def test_a_database_at_work_does_not_rest(bench: Bench) -> None:
    """A write that waits keeps the connection."""
    waiting = bench.start(bench.write("INSERT INTO t (name) VALUES ('a')"))
    for _ in range(3):
        bench.database.rest()
    assert bench.database.memory_bytes() > 0
    bench.clock.advance(0)
    outcome(waiting)


def test_a_file_that_is_no_database_is_named_broken(tmp_path: Path) -> None:
    """Garbage is refused at the opening, not at the first request."""
    (tmp_path / "data.db").write_bytes(b"not a database " * 1000)
    with pytest.raises(DatabaseBroken):
        Database(tmp_path / "data.db", Readers(InlineWorkers()), Clock())

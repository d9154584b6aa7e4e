from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import Unavailable
from pbe.storage.sqlite import Transaction
from pbe.storage.sqlite_writer import EXCLUSIVE_S_MAX, QUEUED_WORKS_MAX, SWEEP_S, WAIT_S_MAX
from tests.kit.sqlite_bench import Bench, outcome
from tests.kit.workers import HeldWorkers


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A database with one empty table."""
    return Bench(tmp_path)


def exclusive(bench: Bench) -> tuple[Deferred[None], Deferred[Any]]:
    """An exclusive write that has inserted 'slow' and waits for the first Deferred."""
    gate: Deferred[None] = Deferred()

    async def work(tx: Transaction) -> str:
        tx.execute("INSERT INTO t (name) VALUES ('slow')")
        await gate
        tx.execute("INSERT INTO t (name) VALUES ('slow too')")
        return "done"

    running = bench.start(bench.database.write(work, exclusive=True))
    bench.clock.advance(0)
    return gate, running


def test_reads_go_on_while_an_exclusive_write_waits(bench: Bench) -> None:
    """Reads see what is committed; writes of others queue and come after it."""
    gate, running = exclusive(bench)
    after = bench.start(bench.write("INSERT INTO t (name) VALUES ('after')"))
    bench.clock.advance(1)
    assert bench.rows() == []
    assert not after.called
    gate.callback(None)
    assert outcome(running) == "done"
    bench.clock.advance(0)
    outcome(after)
    assert bench.rows() == ["slow", "slow too", "after"]


def test_an_exclusive_write_ends_at_its_deadline(bench: Bench) -> None:
    """A hook that never returns costs its own write only."""
    _gate, running = exclusive(bench)
    bench.clock.pump([1.0] * int(EXCLUSIVE_S_MAX + 1))
    with pytest.raises(Unavailable):
        outcome(running)
    bench.run(bench.write("INSERT INTO t (name) VALUES ('next')"))
    assert bench.rows() == ["next"]


def test_a_write_does_not_wait_for_ever_behind_an_exclusive_one(bench: Bench) -> None:
    """What waits is refused after WAIT_S_MAX, while the exclusive work goes on."""
    gate, running = exclusive(bench)
    late = bench.start(bench.write("INSERT INTO t (name) VALUES ('late')"))
    bench.clock.pump([SWEEP_S] * int(WAIT_S_MAX / SWEEP_S + 1))
    with pytest.raises(Unavailable):
        outcome(late)
    gate.callback(None)
    assert outcome(running) == "done"


def test_the_queue_of_writes_is_bounded(bench: Bench) -> None:
    """The work beyond QUEUED_WORKS_MAX is refused at once."""
    gate, _running = exclusive(bench)
    for _ in range(QUEUED_WORKS_MAX):
        bench.start(bench.write("SELECT 1"))
    with pytest.raises(Unavailable):
        bench.run(bench.write("SELECT 1"))
    gate.callback(None)


def test_a_client_that_leaves_the_queue_does_not_jam_it(bench: Bench) -> None:
    """A cancelled exclusive write gives its turn away."""
    gate, running = exclusive(bench)

    async def nothing(tx: Transaction) -> None:
        tx.execute("SELECT 1")

    leaving = bench.start(bench.database.write(nothing, exclusive=True))
    after = bench.start(bench.write("INSERT INTO t (name) VALUES ('after')"))
    leaving.cancel()
    leaving.addErrback(lambda _: None)
    gate.callback(None)
    bench.clock.advance(0)
    outcome(running), outcome(after)
    assert bench.rows()[-1] == "after"


def test_a_heavy_statement_runs_on_a_worker_inside_the_transaction(tmp_path: Path) -> None:
    """It sees the transaction's own rows, and cancelling waits for its thread."""
    workers = HeldWorkers()
    bench = Bench(tmp_path, workers)

    def insert(name: str) -> Coroutine[Any, Any, list[Any]]:
        async def work(tx: Transaction) -> list[Any]:
            tx.execute("INSERT INTO t (name) VALUES (?)", (name,))
            return await tx.heavy("SELECT name FROM t")

        return bench.database.write(work, exclusive=True)

    running = bench.start(insert("mine"))
    bench.clock.advance(0)
    workers.step()
    assert outcome(running) == [("mine",)]

    cancelled = bench.start(insert("lost"))
    bench.clock.advance(0)
    bench.clock.pump([1.0] * int(EXCLUSIVE_S_MAX + 1))
    assert not cancelled.called
    workers.step()
    with pytest.raises(Unavailable):
        outcome(cancelled)
    assert bench.rows() == ["mine"]

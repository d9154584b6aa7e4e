"""Log entries survive the process, reach `_logs` once, and no reader misses one."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.tenant import log_spool
from pbe.tenant.log_spool import LogSpool, import_batch, row_id


class Table:
    """Stands in for `_logs`: keeps rows by id, as INSERT OR IGNORE does."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {}
        self.batches = 0
        self.fail = False

    async def take(self, batch: str) -> None:
        """The importer."""
        if self.fail:
            raise OSError("disk full")
        self.batches += 1
        for row in json.loads(batch):
            self.rows.setdefault(row[0], row[1:])


def _spool(folder: Path, table: Table) -> tuple[LogSpool, Clock]:
    clock = Clock()
    return LogSpool(str(folder), table.take, clock, os.urandom), clock


def _done(coroutine: Any) -> None:
    result = Deferred.fromCoroutine(coroutine)
    assert result.called
    errors: list[Any] = []
    result.addErrback(errors.append)
    if errors:
        errors[0].raiseException()


def _entry(number: int) -> log_spool.Entry:
    return (1_790_000_000.123 + number, 0, f"GET /{number}", {"status": 200, "auth": ""})


def test_a_reader_sees_everything(tmp_path: Path) -> None:
    """What was appended a moment ago is in the table after settle, and no file stays."""
    table = Table()
    spool, _ = _spool(tmp_path, table)
    spool.append(_entry(1))
    _done(spool.settle())
    assert list(table.rows.values()) == [[1_790_000_001.123, 0, "GET /1", {"auth": "", "status": 200}]]
    assert log_spool.spool_names(str(tmp_path)) == []


def test_time_alone_imports(tmp_path: Path) -> None:
    """A second later an entry is in the file, a minute later in the table; then there is no timer left."""
    table = Table()
    spool, clock = _spool(tmp_path, table)
    spool.append(_entry(1))
    clock.advance(log_spool.SPOOL_S)
    assert len(log_spool.spool_names(str(tmp_path))) == 1
    assert not table.rows
    clock.advance(log_spool.IMPORT_S)
    assert len(table.rows) == 1
    assert not clock.getDelayedCalls()


def test_a_killed_process_loses_nothing_spooled_and_doubles_nothing(tmp_path: Path) -> None:
    """The next process imports what is on disk; a spool that was imported but not removed is imported once."""
    table = Table()
    spool, clock = _spool(tmp_path, table)
    for number in range(3):
        spool.append(_entry(number))
    clock.advance(log_spool.SPOOL_S)
    name = log_spool.spool_names(str(tmp_path))[0]
    kept = (tmp_path / name).read_bytes()
    _done(_spool(tmp_path, table)[0].settle())
    assert len(table.rows) == 3
    (tmp_path / name).write_bytes(kept + b'[1790000000.1,0,"torn')
    _done(_spool(tmp_path, table)[0].settle())
    assert len(table.rows) == 3


def test_many_entries_do_not_stay_in_memory(tmp_path: Path) -> None:
    """A full buffer goes to the file without a timer, a full file into the table."""
    table = Table()
    spool, clock = _spool(tmp_path, table)
    text = "x" * 5000
    for number in range(log_spool.ENTRIES_IN_MEMORY_MAX + 1):
        spool.append((1.0 + number, 0, text, {}))
    assert len(log_spool.spool_names(str(tmp_path))) == 1
    clock.advance(0)
    assert len(table.rows) == log_spool.ENTRIES_IN_MEMORY_MAX + 1


def test_a_database_that_refuses_is_tried_again(tmp_path: Path) -> None:
    """The reader is told, nothing is lost, the timer comes back."""
    table = Table()
    table.fail = True
    spool, clock = _spool(tmp_path, table)
    spool.append(_entry(1))
    with pytest.raises(OSError, match="disk full"):
        _done(spool.settle())
    spool.append(_entry(2))
    clock.advance(log_spool.SPOOL_S)
    clock.advance(log_spool.IMPORT_S)
    table.fail = False
    clock.advance(log_spool.IMPORT_S)
    assert len(table.rows) == 2


def test_readers_wait_for_one_another(tmp_path: Path) -> None:
    """A second settle waits for the first and then sees its own entries too."""
    gates: list[Deferred[None]] = []
    table = Table()

    async def slow(batch: str) -> None:
        gate: Deferred[None] = Deferred()
        gates.append(gate)
        await gate
        await table.take(batch)

    spool = LogSpool(str(tmp_path), slow, Clock(), os.urandom)
    spool.append(_entry(1))
    first = Deferred.fromCoroutine(spool.settle())
    spool.append(_entry(2))
    second = Deferred.fromCoroutine(spool.settle())
    gates[0].callback(None)
    assert first.called
    assert not second.called
    gates[1].callback(None)
    assert second.called
    assert len(table.rows) == 2


def test_ids_are_ordered_and_whole() -> None:
    """An id has 15 characters of a-z0-9, later lines have larger ids, and garbage lines are skipped."""
    ids = [row_id(1_790_000_000.0 + n / 10, "abcd", n) for n in range(2000)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {15}
    assert import_batch("abcd", b"garbage\n[]\n5\n") == ""

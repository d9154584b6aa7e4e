from pathlib import Path

import apsw
import pytest

from pbe.pages.wal import HEADER_BYTES, read_header, read_tail


def connect(path: Path, page_size: int = 4096) -> apsw.Connection:
    """A database in WAL mode whose log nobody checkpoints."""
    connection = apsw.Connection(str(path))
    connection.pragma("page_size", page_size)
    connection.pragma("journal_mode", "wal")
    connection.wal_autocheckpoint(0)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    return connection


def overlay(path: Path) -> tuple[dict[int, bytes], int]:
    """The pages that the log of `path` has committed, read whole, and the database's size."""
    log = Path(f"{path}-wal").read_bytes()
    start = read_header(log)
    assert start is not None
    tail = read_tail(start, log[HEADER_BYTES:])
    size = start.page_size
    pages = {pgno: log[HEADER_BYTES + at : HEADER_BYTES + at + size] for pgno, at in tail.pages.items()}
    return pages, tail.commit


@pytest.mark.parametrize("page_size", [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])
def test_the_log_holds_what_a_checkpoint_writes(tmp_path: Path, page_size: int) -> None:
    """For every page size, the last images in the log are the pages of the file after a checkpoint."""
    path = tmp_path / "a.db"
    connection = connect(path, page_size)
    connection.execute("CREATE TABLE t(a, b)")
    with connection:
        connection.executemany("INSERT INTO t VALUES (?, zeroblob(700))", [(n,) for n in range(300)])
    connection.execute("DELETE FROM t WHERE a % 3 = 0")
    pages, commit = overlay(path)
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    data = path.read_bytes()
    assert len(data) == commit * page_size
    for pgno, page in pages.items():
        assert data[(pgno - 1) * page_size : pgno * page_size] == page


def test_an_open_transaction_is_invisible(tmp_path: Path) -> None:
    """Frames that a spilled cache wrote are not taken before their commit, and not at all after a rollback."""
    path = tmp_path / "a.db"
    connection = connect(path)
    connection.execute("PRAGMA cache_size=5; CREATE TABLE t(a)")
    before = overlay(path)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO t VALUES (zeroblob(3000))", [()] * 50)
    assert Path(f"{path}-wal").stat().st_size > 30 * 4120
    assert overlay(path) == before
    connection.execute("ROLLBACK; INSERT INTO t VALUES (1)")
    assert overlay(path)[1] == before[1]
    connection.close()


def test_reading_goes_on_from_a_position(tmp_path: Path) -> None:
    """A tail read in pieces gives the pieces; nothing new gives nothing and the same position."""
    path = tmp_path / "a.db"
    connection = connect(path)
    connection.execute("CREATE TABLE t(a)")
    log = Path(f"{path}-wal")
    position = read_header(log.read_bytes())
    assert position is not None
    for n in range(5):
        connection.execute("INSERT INTO t VALUES (?)", (n,))
        tail = read_tail(position, log.read_bytes()[position.offset :])
        assert tail.frames
        position = tail.position
        assert position.offset == HEADER_BYTES + position.frames * 4120 == log.stat().st_size
        again = read_tail(position, log.read_bytes()[position.offset :])
        assert (again.frames, again.position) == (0, position)
    connection.close()


def test_a_restarted_log_is_another_generation(tmp_path: Path) -> None:
    """After a restart the salts differ and stale frames behind the new ones are not read."""
    path = tmp_path / "a.db"
    connection = connect(path)
    connection.execute("CREATE TABLE t(a)")
    with connection:
        connection.executemany("INSERT INTO t VALUES (zeroblob(3000))", [()] * 30)
    log = Path(f"{path}-wal")
    first, size = read_header(log.read_bytes()), log.stat().st_size
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    connection.execute("INSERT INTO t VALUES (1)")
    data = log.read_bytes()
    second = read_header(data)
    assert first is not None
    assert second is not None
    assert not second.same_generation(first)
    assert (second.sequence, second.salt1) == (first.sequence + 1, first.salt1 + 1)
    assert len(data) == size
    assert read_tail(second, data[HEADER_BYTES:]).frames < 5
    assert read_tail(first, data[HEADER_BYTES:]).frames == 0
    connection.close()


def test_torn_and_garbled_logs_end_early(tmp_path: Path) -> None:
    """However a log is cut or flipped, what is read is a prefix of its transactions."""
    path = tmp_path / "a.db"
    connection = connect(path, 512)
    connection.execute("CREATE TABLE t(a)")
    for n in range(4):
        connection.execute("INSERT INTO t VALUES (?)", (n,))
    good = Path(f"{path}-wal").read_bytes()
    connection.close()
    start = read_header(good)
    assert start is not None
    whole = read_tail(start, good[HEADER_BYTES:]).frames
    seen = set()
    for cut in range(HEADER_BYTES, len(good), 61):
        frames = read_tail(start, good[HEADER_BYTES:cut]).frames
        assert frames <= (cut - HEADER_BYTES) // 536
        garbled = bytearray(good)
        garbled[cut] ^= 64
        seen.add(read_tail(start, bytes(garbled[HEADER_BYTES:])).frames)
    assert max(seen) <= whole
    assert len(seen) > 1
    for broken in (b"", good[:31], b"\0" * 32, bytes(garbled[:7]) + b"x" + bytes(garbled[8:])):
        assert read_header(broken) is None

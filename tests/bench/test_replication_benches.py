"""The benches of replication, run small so that they cannot rot."""

from pathlib import Path

from bench import ltx, replication, wal_read


def test_reading_logs() -> None:
    """The leaf and its twin find the same, and the bench measures both."""
    found = wal_read.run(1, least_s=0.01, twin_share=8)
    assert all(value > 0 for value in found.values())


def test_ltx_files() -> None:
    """What is written is read back, by both."""
    found = ltx.run(1, least_s=0.01)
    assert all(value > 0 for value in found.values())


def test_shipping_under_load(tmp_path: Path) -> None:
    """Two databases are written to and shipped, and the lag is measured."""
    assert replication.ours(tmp_path, 2, 1.0, 4.0)["p50"] < 5


def test_restoring_beside_litestream(tmp_path: Path) -> None:
    """Both tools restore the same bytes."""
    ours, theirs, digest = replication.restores(tmp_path, 1)
    assert min(ours, theirs) > 0
    assert len(digest) == 12

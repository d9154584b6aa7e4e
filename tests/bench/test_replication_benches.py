"""The benches of replication, run small so that they cannot rot."""

from bench import ltx, replication, wal_read


def test_reading_logs() -> None:
    """The leaf and its twin find the same, and the bench measures both."""
    found = wal_read.run(1, least_s=0.01, twin_share=8)
    assert all(value > 0 for value in found.values())


def test_ltx_files() -> None:
    """What is written is read back, by both."""
    found = ltx.run(1, least_s=0.01)
    assert all(value > 0 for value in found.values())


def test_replication_beside_litestream() -> None:
    """Both replicate the same load, both restore the same bytes."""
    found = replication.run(2, 1.0, [1])
    mine, _ = found["busy"]
    assert mine["p50"] < 5
    assert found["restore"][1][2]

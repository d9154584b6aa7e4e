"""The bench of log-ins, run small so that it cannot rot."""

from bench.auth import compare


def test_the_bench_measures_both_servers() -> None:
    """Log-ins and views happen at both; the figures of a moment say nothing."""
    found = compare(0.2, 1)
    assert set(found) == {"PocketBase", "pbe"}
    for figures in found.values():
        assert figures["log-ins a second"] > 0
        assert figures["beside p99"] > 0
        assert figures["refresh, per CPU-second"] > 0

"""The bench of noisy neighbours, run small so that it cannot rot."""

from bench.noisy_neighbour import abuses, compare


def test_the_bench_runs_every_abuse() -> None:
    """Each is asked for and measured; the figures of a moment say nothing."""
    found = compare(300, 0.05)
    assert list(found) == ["alone", *abuses()]
    assert all(p99 > 0 for p99 in found.values())

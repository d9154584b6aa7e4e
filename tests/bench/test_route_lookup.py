"""The bench of route lookups, run small so that it cannot rot."""

from bench.route_lookup import run


def test_the_bench_runs_and_both_agree() -> None:
    """Three kinds of hosts, one line each."""
    lines = run(50, 100)
    assert [line.split("  ")[0].strip()[:5] for line in lines[1:]] == ["whole", "id an", "unkno"]

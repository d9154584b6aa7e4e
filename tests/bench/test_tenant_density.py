"""The bench of tenant density, run small so that it cannot rot."""

from bench.tenant_density import main
from tests.peers import pocketbase


def test_the_bench_runs() -> None:
    """Two tenants, filled, opened again, and one real server."""
    found = main(2, 20, pocketbase())
    assert found["all active"] > found["empty node"] * 0.5 > 0
    assert found["first answer, median ms"] > 0

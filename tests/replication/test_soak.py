import pytest

from tests.kit.soak import live

#: Thirty lives of sixty steps; `python -m tests.kit.soak` lives a thousand.
SEEDS = range(7000, 7030)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_ever_lost(seed: int) -> None:
    """Whatever crashes, is taken over, or fails in the store: what comes back is what was acknowledged, or newer."""
    live(seed, 60, stock=seed % 10 == 0)

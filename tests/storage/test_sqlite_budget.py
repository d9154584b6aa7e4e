import pytest

from pbe.storage import sqlite_budget
from pbe.storage.sqlite_budget import SLOW_S, Budget


class Clocks:
    """The wall's clock and the thread's, moved by hand."""

    def __init__(self) -> None:
        self.wall_s = self.cpu_s = 100.0

    def monotonic(self) -> float:
        """The wall's."""
        return self.wall_s

    def thread_time(self) -> float:
        """The thread's."""
        return self.cpu_s


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """What the budget reads as the time."""
    made = Clocks()
    monkeypatch.setattr(sqlite_budget, "time", made)
    return made


def test_a_fast_statement_is_never_known(clocks: Clocks) -> None:
    """Within its time it is admitted again and again."""
    budget = Budget(0.002)
    for _ in range(3):
        assert budget.admits("a")
        clocks.wall_s += 0.001
        assert not budget.over()
        budget.ended("a")


def test_a_busy_machine_does_not_make_a_statement_slow(clocks: Clocks) -> None:
    """It passes the wall clock once, and is cleared by its CPU time."""
    budget = Budget(0.002)
    assert budget.admits("a")
    clocks.wall_s += 1
    assert budget.over()
    budget.ended("a", interrupted=True)
    assert budget.admits("a")
    clocks.wall_s += 1
    clocks.cpu_s += 0.001
    assert not budget.over()
    budget.ended("a")
    assert budget.admits("a")
    assert not budget.over()


def test_a_slow_statement_is_kept_away_for_a_while(clocks: Clocks) -> None:
    """Twice over the budget, the second time by CPU time; later it is tried by CPU time again."""
    budget = Budget(0.002)
    for interrupted in (True, False):
        assert budget.admits("a")
        clocks.wall_s += 0.003
        clocks.cpu_s += 0.003
        assert budget.over()
        budget.ended("a", interrupted=interrupted)
    assert not budget.admits("a")
    assert budget.admits("b")
    budget.ended("b")
    clocks.wall_s += SLOW_S
    assert budget.admits("a")
    clocks.cpu_s += 0.003
    assert budget.over()


def test_a_transaction_has_no_limit(clocks: Clocks) -> None:
    """What was read before it does not count."""
    budget = Budget(0.002)
    budget.admits("a")
    budget.lift()
    clocks.wall_s += 100
    assert not budget.over()

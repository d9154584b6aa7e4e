from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from pbe.replication.wheel import Wheel


@given(st.lists(st.floats(0, 5), max_size=20), st.lists(st.floats(0, 3), max_size=10))
def test_everything_is_called_once_and_not_early(delays: list[float], steps: list[float]) -> None:
    """Each callback comes at its time or a tick later, whatever the clock's steps, and nothing stays set."""
    clock = Clock()
    wheel = Wheel(clock, 0.025)
    called: list[tuple[float, float]] = []
    for delay in delays:
        wheel.after(delay, lambda delay=delay: called.append((delay, clock.seconds())))
    for step in [*steps, 6.0]:
        clock.advance(step)
    assert sorted(delay for delay, _ in called) == sorted(delays)
    assert all(at >= delay - 0.001 for delay, at in called)
    assert (len(wheel), clock.getDelayedCalls()) == (0, [])


def test_a_callback_that_sets_a_later_one_does_not_delay_others() -> None:
    """Callbacks set while the wheel turns leave the earlier ones their time."""
    clock = Clock()
    wheel = Wheel(clock, 0.025)
    called: list[str] = []
    wheel.after(1.0, lambda: wheel.after(50.0, lambda: called.append("late")))
    wheel.after(2.0, lambda: called.append("soon"))
    clock.pump([1.0, 1.1])
    assert called == ["soon"]
    assert len(clock.getDelayedCalls()) == 1


def test_one_timer_at_a_time_and_none_after_a_stop() -> None:
    """However many wait, the reactor has one timer; a stop forgets them all."""
    clock = Clock()
    wheel = Wheel(clock, 0.025)
    for n in range(100):
        wheel.after(100 - n, lambda: None)
    assert len(clock.getDelayedCalls()) == 1
    wheel.stop()
    assert (len(wheel), clock.getDelayedCalls()) == (0, [])

"""The linearizability checker, against a dumb twin that tries every order."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sim.history import DONE, INFINITY, READ, REFUSED, SWAP, UNKNOWN, WRITE, Operation, effect, linearizable


def slow(operations: list[Operation], initial: int) -> bool:
    """Every subset of the unknown ones, every order."""
    unknown = [o for o in operations if o.ended == INFINITY]
    for mask in range(1 << len(unknown)):
        chosen = [o for o in operations if o.ended < INFINITY or mask >> unknown.index(o) & 1]
        if any(_explains(order, initial) for order in permutations(chosen)):
            return True
    return False


def _explains(order: tuple[Operation, ...], initial: int) -> bool:
    state = initial
    for position, operation in enumerate(order):
        if any(later.ended < operation.begun for later in order[position + 1 :]):
            return False
        possible, state = effect(state, operation)
        if not possible:
            return False
    return True


@st.composite
def _operations(draw: st.DrawFn) -> Operation:
    begun = draw(st.integers(0, 6))
    kind = draw(st.sampled_from([READ, WRITE, SWAP]))
    outcome = draw(st.sampled_from([DONE, DONE, UNKNOWN] if kind != READ else [DONE]))
    if kind == SWAP and draw(st.booleans()):
        outcome = REFUSED
    ended = INFINITY if outcome == UNKNOWN else begun + draw(st.integers(1, 4)) + 0.5
    value, expected = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    return Operation("r", kind, begun, value=value, expected=expected, ended=ended, outcome=outcome)


@settings(max_examples=150, deadline=None)
@given(st.lists(_operations(), max_size=5))
def test_it_agrees_with_trying_everything(operations: list[Operation]) -> None:
    """Both find the same histories possible."""
    assert linearizable(operations, 0) == slow(operations, 0)


def test_a_stale_read_is_found() -> None:
    """A read that begins after a write has ended must see it."""
    write = Operation("r", WRITE, 0.0, value=1, ended=1.0, outcome=DONE)
    assert not linearizable([write, Operation("r", READ, 2.0, value=0, ended=3.0, outcome=DONE)], 0)
    assert linearizable([write, Operation("r", READ, 0.5, value=0, ended=3.0, outcome=DONE)], 0)


def test_an_unknown_write_may_take_effect_late_or_never_but_once() -> None:
    """It explains a later value, and its absence, but not its coming back."""
    unknown = Operation("r", WRITE, 0.0, value=1)
    seen = [
        Operation("r", READ, float(at), value=value, ended=at + 0.5, outcome=DONE) for at, value in ((5, 0), (6, 1))
    ]
    assert linearizable([unknown, *seen], 0)
    back = Operation("r", WRITE, 7.0, value=2, ended=7.5, outcome=DONE)
    again = Operation("r", READ, 8.0, value=1, ended=8.5, outcome=DONE)
    assert not linearizable([unknown, *seen, back, again], 0)

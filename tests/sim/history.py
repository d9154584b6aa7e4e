"""What clients saw, and whether one order of effects explains it (linearizability, per key)."""

from dataclasses import dataclass
from typing import Any

INFINITY = float("inf")
WRITE, READ, SWAP = "write", "read", "swap"
DONE, REFUSED, UNKNOWN, NO_EFFECT = "done", "refused", "unknown", "no_effect"
STEPS_MAX = 200_000


@dataclass(slots=True)
class Operation:
    """One operation on one key: its interval, what it wrote, expected or saw, and how it ended."""

    key: str
    kind: str
    begun: float
    value: Any = None
    expected: Any = None
    ended: float = INFINITY
    outcome: str = UNKNOWN


class History:
    """All operations of a run."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def begin(self, operation: Operation) -> Operation:
        """Note an operation that begins."""
        self.operations.append(operation)
        return operation

    def faults(self, initial: dict[str, Any]) -> list[str]:
        """The keys whose operations no order explains."""
        by_key: dict[str, list[Operation]] = {key: [] for key in initial}
        for operation in self.operations:
            counts = operation.outcome in (DONE, REFUSED) or (operation.outcome == UNKNOWN and operation.kind != READ)
            if counts:
                by_key[operation.key].append(operation)
        return [
            f"the history of {key} is not linearizable: {_shown(operations)}"
            for key, operations in by_key.items()
            if not linearizable(operations, initial[key])
        ]


def _shown(operations: list[Operation]) -> str:
    return "; ".join(
        f"[{o.begun:.3f}-{o.ended:.3f} {o.kind} {o.expected}->{o.value} {o.outcome}]" for o in operations[-30:]
    )


def effect(state: Any, operation: Operation) -> tuple[bool, Any]:
    """Whether the operation may happen in the state, and the state afterwards."""
    if operation.kind == READ:
        return state == operation.value, state
    if operation.kind == SWAP:
        if operation.outcome == REFUSED:
            return state != operation.expected, state
        return state == operation.expected, operation.value
    return True, operation.value


def linearizable(operations: list[Operation], initial: Any) -> bool:
    """Whether some order, in which no operation comes before one that had ended when it began, explains all results.

    Wing and Gong's search with Lowe's memory of (set done, state). Operations whose outcome is unknown may take effect
    at any time after they began, or never.
    """
    operations = sorted(operations, key=lambda operation: operation.begun)
    must = sum(1 << number for number, operation in enumerate(operations) if operation.ended < INFINITY)
    seen: set[tuple[int, Any]] = set()
    stack: list[tuple[int, Any]] = [(0, initial)]
    steps = 0
    while stack:
        done, state = stack.pop()
        if done & must == must:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        steps += 1
        if steps > STEPS_MAX:
            raise AssertionError("the history is too wide to be checked")
        stack.extend(_next(operations, done, state))
    return False


def _next(operations: list[Operation], done: int, state: Any) -> list[tuple[int, Any]]:
    horizon = INFINITY
    candidates = []
    for number, operation in enumerate(operations):
        if done >> number & 1:
            continue
        if operation.begun > horizon:
            break
        candidates.append(number)
        horizon = min(horizon, operation.ended)
    following = []
    for number in reversed(candidates):
        if operations[number].begun > horizon:
            continue
        possible, after = effect(state, operations[number])
        if possible:
            following.append((done | 1 << number, after))
    return following

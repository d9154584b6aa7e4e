"""Workers without threads."""

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


class InlineWorkers:
    """Runs each job at once, on the caller's thread; `ran` counts them."""

    def __init__(self) -> None:
        self.ran = 0

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """The function's result, without waiting."""
        self.ran += 1
        return function(*args)


class HeldWorkers:
    """Keeps each job until `step` is told to run the oldest."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Callable[..., Any], tuple[Any, ...], Deferred[Any]]] = []

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """The function's result, once a `step` has run it."""
        done: Deferred[T] = Deferred()
        self.jobs.append((function, args, done))
        return await done

    def step(self) -> None:
        """Run the oldest job and deliver its result."""
        function, args, done = self.jobs.pop(0)
        try:
            result = function(*args)
        except Exception as error:
            done.errback(error)
        else:
            done.callback(result)

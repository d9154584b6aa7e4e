"""Runs a coroutine: at once while it need not wait, as a Deferred from where it first does."""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def drive(
    coroutine: Coroutine[Any, Any, T], done: Callable[[T], None], failed: Callable[[BaseException], None]
) -> Deferred[None] | None:
    """Call `done` with the result or `failed` with the error, before returning where the coroutine did not suspend.

    Answers the Deferred of one that did; cancelling it cancels what the coroutine waits for.
    """
    try:
        waiting = coroutine.send(None)
    except StopIteration as stop:
        done(stop.value)
        return None
    except Exception as error:
        failed(error)
        return None
    rest: Deferred[T] = Deferred.fromCoroutine(_resumed(coroutine, waiting))

    def errback(failure: Failure) -> None:
        error = failure.value
        failed(error if error is not None else RuntimeError("a failure without an error"))

    return rest.addCallbacks(done, errback)


@types.coroutine
def _resumed(coroutine: Coroutine[Any, Any, T], waiting: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that was started by hand and waits for `waiting`."""
    while True:
        value: Any = None
        thrown: BaseException | None = None
        try:
            value = yield waiting
        except GeneratorExit:
            coroutine.close()
            raise
        except BaseException as error:
            thrown = error
        try:
            waiting = coroutine.send(value) if thrown is None else coroutine.throw(thrown)
        except StopIteration as stop:
            result: T = stop.value
            return result

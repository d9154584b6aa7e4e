"""The hook pipeline."""

import pytest

from pbe.tenant.pipeline import Event, Pipeline, Step


def run(pipeline: Pipeline, event: Event, innermost: Step | None = None) -> None:
    """Drive a chain that never waits."""
    with pytest.raises(StopIteration):
        pipeline.trigger(event, innermost).send(None)


def noting(log: list[str], word: str, *, go_on: bool = True) -> Step:
    """A handler that notes when it is entered and left."""

    async def handler(event: Event) -> None:
        log.append(f"{word}>")
        if go_on:
            await event.next()
        log.append(f"<{word}")

    return handler


def test_handlers_wrap_the_action_in_order_of_priority() -> None:
    """Lower priorities are outer; equal ones keep the order they were bound in."""
    pipeline, log = Pipeline(), []
    pipeline.bind("onX", noting(log, "b"))
    pipeline.bind("onX", noting(log, "c"))
    pipeline.bind("onX", noting(log, "a"), priority=-1)
    run(pipeline, Event("onX"), noting(log, "act"))
    assert log == ["a>", "b>", "c>", "act>", "<act", "<c", "<b", "<a"]


def test_a_handler_that_does_not_go_on_stops_the_action() -> None:
    """Without `next` neither later handlers nor the action run."""
    pipeline, log = Pipeline(), []
    pipeline.bind("onX", noting(log, "a", go_on=False))
    pipeline.bind("onX", noting(log, "b"))
    run(pipeline, Event("onX"), noting(log, "act"))
    assert log == ["a>", "<a"]


def test_going_on_twice_does_not_repeat_the_action() -> None:
    """A second `next` finds an empty chain."""
    pipeline, log = Pipeline(), []

    async def twice(event: Event) -> None:
        await event.next()
        await event.next()

    pipeline.bind("onX", twice)
    run(pipeline, Event("onX"), noting(log, "act"))
    assert log == ["act>", "<act"]


def test_tags_choose_handlers() -> None:
    """A tagged handler runs for events with one of its tags only."""
    pipeline, log = Pipeline(), []
    pipeline.bind("onX", noting(log, "posts"), tags=["posts"])
    pipeline.bind("onX", noting(log, "any"))
    run(pipeline, Event("onX", ("users", "pbc_1")))
    assert log == ["any>", "<any"]
    assert not pipeline.suspends(["onX"], ("users",)) or pipeline.suspends(["onX"], ("posts",))


def test_an_error_is_seen_by_the_outer_handlers() -> None:
    """What an inner step raises passes through those around it."""
    pipeline, seen = Pipeline(), []

    async def outer(event: Event) -> None:
        try:
            await event.next()
        except ValueError as error:
            seen.append(str(error))
            raise

    async def broken(_: Event) -> None:
        raise ValueError("no")

    pipeline.bind("onX", outer)
    with pytest.raises(ValueError, match="no"):
        pipeline.trigger(Event("onX"), broken).send(None)
    assert seen == ["no"]


def test_an_id_replaces_and_unbinds() -> None:
    """Binding under a known id takes the old handler's place; unbinding removes it everywhere."""
    pipeline, log = Pipeline(), []
    pipeline.bind("onX", noting(log, "old"), handler_id="h")
    pipeline.bind("onX", noting(log, "new"), handler_id="h")
    run(pipeline, Event("onX"))
    assert log == ["new>", "<new"]
    pipeline.unbind("h")
    assert not pipeline.has("onX")


def test_only_handlers_that_may_wait_make_work_exclusive() -> None:
    """`suspends` looks at the handlers that would run."""
    pipeline = Pipeline()
    pipeline.bind("onX", noting([], "quick"), suspends=False)
    assert not pipeline.suspends(["onX", "onY"])
    pipeline.bind("onY", noting([], "slow"), tags=["posts"])
    assert pipeline.suspends(["onX", "onY"], ("posts", "id"))
    assert not pipeline.suspends(["onX", "onY"], ("users", "id"))

"""The hook pipeline: each action is a chain of handlers around an innermost one.

Theory of operation. Handlers are bound to an event's name, PocketBase's (``onRecordCreate``), perhaps for some
collections only (tags). `trigger` runs those that match, in order of priority, each of which calls
``await event.next()`` to go on; the last step is the innermost one, the action itself. What a handler does not pass on
does not happen; what one raises, all before it see. Events of records wrap the same events of models, as there: first
``onRecordCreate``, then ``onModelCreate``, then the action.

A handler that takes its time (it suspends) holds a transaction open while it runs. `suspends` tells whether there is
one, so that work without any runs in a grouped transaction, and pays nothing.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from pbe.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = Callable[["Event"], Awaitable[None]]
HANDLERS_MAX = 10_000


class Event:
    """One occurrence on its way through its chain. `name` is PocketBase's; subclasses carry what it is about.

    tags: the name and id of the collection it is about, none where it is about none.
    """

    __slots__ = ("_at", "_chain", "name", "tags")

    def __init__(self, name: str, tags: "Sequence[str]" = ()) -> None:
        self.name = name
        self.tags = tags
        self._chain: list[Step] = []
        self._at = 0

    async def next(self) -> None:
        """Run the rest of the chain; nothing where it has run already."""
        at = self._at
        if at < len(self._chain):
            self._at = at + 1
            await self._chain[at](self)


@dataclass(frozen=True, slots=True)
class Handler:
    """A bound step: for events about one of `tags`, or about anything where there are none."""

    run: Step
    id: str
    tags: frozenset[str] = field(default_factory=frozenset)
    priority: int = 0
    suspends: bool = True

    def matches(self, tags: Iterable[str]) -> bool:
        """Whether it is for an event with these tags."""
        return not self.tags or not self.tags.isdisjoint(tags)


class Pipeline:
    """The handlers of one tenant."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._ids = count(1)

    def bind(
        self,
        name: str,
        run: Step,
        *,
        tags: Iterable[str] = (),
        handler_id: str = "",
        priority: int = 0,
        suspends: bool = True,
    ) -> str:
        """Run `run` for events called `name`; the answer is the handler's id. One with the same id is replaced.

        suspends: whether it may wait for anything; False only for what never does.
        """
        bound = self._handlers.setdefault(name, [])
        if len(bound) >= HANDLERS_MAX:
            raise Misuse("bind a handler", name, hint=f"{HANDLERS_MAX} are bound already")
        made = Handler(run, handler_id or f"h{next(self._ids)}", frozenset(tags), priority, suspends)
        kept = [one if one.id != made.id else made for one in bound]
        if made not in kept:
            kept.append(made)
        kept.sort(key=lambda one: one.priority)
        self._handlers[name] = kept
        return made.id

    def unbind(self, handler_id: str) -> None:
        """Forget the handler, wherever it is bound."""
        for name, bound in list(self._handlers.items()):
            kept = [one for one in bound if one.id != handler_id]
            if kept:
                self._handlers[name] = kept
            else:
                del self._handlers[name]

    def has(self, *names: str) -> bool:
        """Whether any handler is bound to one of these events."""
        return any(name in self._handlers for name in names)

    def heeds(self, names: Iterable[str], tags: "Sequence[str]") -> bool:
        """Whether a handler of these events would run for something with these tags."""
        return any(one.matches(tags) for name in names for one in self._handlers.get(name, ()))

    def suspends(self, names: Iterable[str], tags: "Sequence[str]" = ()) -> bool:
        """Whether a handler of these events, about these tags, may wait."""
        return any(one.suspends and one.matches(tags) for name in names for one in self._handlers.get(name, ()))

    def steps(self, name: str, tags: "Sequence[str]" = ()) -> list[Step]:
        """The steps of the handlers for such an event, in order."""
        bound = self._handlers.get(name)
        return [one.run for one in bound if one.matches(tags)] if bound else []

    async def trigger(self, event: Event, innermost: Step | None = None) -> None:
        """Run the event's chain around `innermost`."""
        await self.run(event, self.steps(event.name, event.tags), innermost)

    async def run(self, event: Event, steps: list[Step], innermost: Step | None = None) -> None:
        """Run these steps around `innermost`."""
        if not steps:
            if innermost is not None:
                await innermost(event)
            return
        event._chain = [*steps, innermost] if innermost is not None else steps
        event._at = 0
        await event.next()

    async def wrap(self, event: Event, outer: str, middle: Step | None, inner: str, innermost: Step | None) -> None:
        """Run the chain of ``outer``, then `middle`, then that of ``inner`` (its own name set), then `innermost`."""
        steps = self.steps(outer, event.tags)
        if middle is not None:
            steps.append(middle)
        steps += self.steps(inner, event.tags)
        await self.run(event, steps, innermost)


def describe(event: Event) -> dict[str, Any]:
    """The event's own attributes, for logs and tests."""
    slots = [slot for kind in type(event).__mro__ for slot in getattr(kind, "__slots__", ())]
    return {slot: getattr(event, slot, None) for slot in slots if not slot.startswith("_")}

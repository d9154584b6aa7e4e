"""What the control plane tells each node: the changes of what concerns it. Gateways follow `routing.publisher`.

Promised: a subscriber has the whole picture first, then each change once and in order. Not promised: that a slow one is
waited for, nor that it can resume in the middle: a node's picture is small.
"""

from collections.abc import Callable, Iterator, Sequence

from pbe.cluster.plane import Plane
from pbe.errors import BadRequest
from pbe.fleet import Event
from pbe.fleet.changes import NODE_TOPIC_PREFIX, Changes, of_events, whole
from pbe.fleet.records import Record

#: Told (revision, changes).
Teller = Callable[[int, Changes], None]
Stop = Callable[[], None]


class Feed:
    """The topics `node/<id>` over the state's events."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def subscribe(self, topic: str, revision: int, tell: Teller) -> Stop:
        """Tell the picture of the topic, whatever the revision that is asked for, and what changes from then on."""
        if not topic.startswith(NODE_TOPIC_PREFIX) or len(topic) == len(NODE_TOPIC_PREFIX):
            raise BadRequest("There is no such topic.")
        view = NodeView(self._plane, topic.removeprefix(NODE_TOPIC_PREFIX))

        def listen(now: int, events: Sequence[Event] | None) -> None:
            if events is None:
                for message in whole(view.everything()):
                    tell(now, message)
            elif picked := view.pick(events):
                tell(now, of_events(picked))

        return self._plane.watch(0, listen)


class NodeView:
    """What concerns one node: the tenants routed to it, or moving to it, their records, waiting superusers and wakes.

    A tenant that leaves is told once more, as its route is then; it is forgotten after that.
    """

    def __init__(self, plane: Plane, node_id: str) -> None:
        self._plane = plane
        self._node_id = node_id
        self._mine: set[str] = set()

    def everything(self) -> Iterator[tuple[str, str, Record]]:
        """All that concerns the node, a tenant's other records before its route."""
        fleet = self._plane.fleet
        routes = fleet.routes
        self._mine = {*routes.group("node_id", self._node_id), *routes.group("target", self._node_id)}
        for key in sorted(self._mine):
            for table in (fleet.tenants, fleet.superusers, fleet.wakes, routes):
                record = table.get(key)
                if record is not None:
                    yield table.name, key, record

    def pick(self, events: Sequence[Event]) -> list[Event]:
        """Those of its tenants; a tenant that becomes its own comes with all its records."""
        picked: list[Event] = []
        for event in events:
            if event.table == "routes":
                picked += self._route(event)
            elif event.table in ("tenants", "superusers", "wakes") and event.key in self._mine:
                picked.append(event)
        return picked

    def _route(self, event: Event) -> list[Event]:
        route = event.value
        was = event.key in self._mine
        mine = route is not None and self._node_id in (route.node_id, route.target)
        if not mine:
            self._mine.discard(event.key)
            return [event] if was else []
        self._mine.add(event.key)
        if was:
            return [event]
        news = [event]
        fleet = self._plane.fleet
        for table in (fleet.wakes, fleet.superusers, fleet.tenants):
            record = table.get(event.key)
            if record is not None:
                news.insert(0, Event(event.revision, table.name, event.key, record))
        return news

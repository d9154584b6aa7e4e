"""What a node is told of the state: records that changed, by table and key.

One message on a topic is `Changes`; the revision travels beside it. A listener first gets everything: the first message
has `reset`, and until one without `more` the picture is not whole.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from pbe.fleet.records import Node, PendingSuperuser, Record, Route, Tenant, Wake
from pbe.fleet.state import Event
from pbe.fleet.tables import encode

#: Tables that a message may speak of, with the records they hold.
KINDS: dict[str, type[Record]] = {
    "routes": Route,
    "nodes": Node,
    "tenants": Tenant,
    "superusers": PendingSuperuser,
    "wakes": Wake,
}
NODE_TOPIC_PREFIX = "node/"
ITEMS_MAX = 5000
"""Records in one message of a whole picture."""

_decoders = {table: msgspec.msgpack.Decoder(kind) for table, kind in KINDS.items()}


class Changes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`[reset, more, [[table, key, record or nil], …]]`; a record is the msgpack bytes of its struct, nil: gone."""

    reset: bool
    more: bool
    items: list[tuple[str, str, bytes | None]]

    def records(self) -> Iterator[tuple[str, str, Any]]:
        """(table, key, record or None) of each change; tables of a newer version are passed over."""
        for table, key, data in self.items:
            decoder = _decoders.get(table)
            if decoder is not None:
                yield table, key, None if data is None else decoder.decode(data)


def node_topic(node_id: str) -> str:
    """The topic of what concerns one node: its routes and their tenants, superusers that wait for it, and wakes."""
    return NODE_TOPIC_PREFIX + node_id


def of_events(events: Iterable[Event]) -> Changes:
    """The change message of what a command changed."""
    return Changes(
        reset=False,
        more=False,
        items=[(event.table, event.key, None if event.value is None else encode(event.value)) for event in events],
    )


def whole(records: Iterable[tuple[str, str, Record]], items_max: int = ITEMS_MAX) -> Iterator[Changes]:
    """The messages of a whole picture, at least one, each of at most `items_max` records."""
    items: list[tuple[str, str, bytes | None]] = []
    reset = True
    for table, key, record in records:
        if len(items) == items_max:
            yield Changes(reset=reset, more=True, items=items)
            items, reset = [], False
        items.append((table, key, encode(record)))
    yield Changes(reset=reset, more=False, items=items)

"""What nodes are told."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pbe.fleet import changes
from pbe.fleet.records import Node, Route
from pbe.fleet.state import Event


def test_a_command_s_events_travel_as_records() -> None:
    """What changed and what is gone arrives as it was, also through plain msgpack data."""
    route = Route("shop", "shop.example.com", "n1", 3, "active")
    message = changes.of_events([Event(7, "routes", "shop", route), Event(7, "nodes", "n9", None)])
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(message))
    arrived = msgspec.convert(plain, changes.Changes)
    assert list(arrived.records()) == [("routes", "shop", route), ("nodes", "n9", None)]


def test_tables_of_a_newer_version_are_passed_over() -> None:
    """An older node is not broken by what it does not know."""
    message = changes.Changes(reset=False, more=False, items=[("billing", "x", b"\x00"), ("nodes", "n", None)])
    assert list(message.records()) == [("nodes", "n", None)]


@given(st.integers(0, 12), st.integers(1, 5))
def test_a_whole_picture_is_cut_but_nothing_is_lost(count: int, items_max: int) -> None:
    """The first message resets, only the last has no more, and together they hold all records once."""
    nodes = [("nodes", f"n{number}", Node(f"n{number}", "a")) for number in range(count)]
    messages = list(changes.whole(nodes, items_max))
    assert [message.reset for message in messages] == [True] + [False] * (len(messages) - 1)
    assert [message.more for message in messages] == [True] * (len(messages) - 1) + [False]
    assert [item for message in messages for item in message.records()] == nodes
    assert all(len(message.items) <= items_max for message in messages)

"""The watch from publisher to table."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbe.errors import PeerError
from pbe.fleet.records import Node, Record, Route
from pbe.fleet.state import Event
from pbe.routing import publisher
from pbe.routing.feed import RouteFeed
from pbe.routing.publisher import RoutePublisher
from pbe.routing.table import RouteTable


class Plane:
    """A state of routes and nodes that changes one revision at a time, and its publisher."""

    def __init__(self) -> None:
        self.revision = 0
        self.records: dict[tuple[str, str], Record] = {}
        self.publisher = RoutePublisher(
            lambda: (self.revision, [(table, key, record) for (table, key), record in self.records.items()]), 0
        )

    def change(self, *changes: tuple[str, str, Record | None]) -> None:
        """One command."""
        self.revision += 1
        for table, key, record in changes:
            if record is None:
                self.records.pop((table, key), None)
            else:
                self.records[table, key] = record
        self.publisher.publish(Event(self.revision, *change) for change in changes)

    def route(self, tenant_id: str, node_id: str = "", epoch: int = 1) -> None:
        """Put a route."""
        self.change(("routes", tenant_id, Route(tenant_id, f"{tenant_id}.example.com", node_id, epoch)))


def through_msgpack(value: Any) -> Any:
    """As it arrives."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value))


def seen(table: RouteTable) -> dict[str, tuple[str, int, str]]:
    """What a gateway knows."""
    routes = [table.by_tenant(tenant_id) for tenant_id in table.tenant_ids()]
    return {route.tenant_id: (route.node_id, route.epoch, route.address) for route in routes if route is not None}


def expected(plane: Plane) -> dict[str, tuple[str, int, str]]:
    """What there is to know."""
    nodes = {key: record.address for (table, key), record in plane.records.items() if table == "nodes"}
    routes = [record for (table, _), record in plane.records.items() if table == "routes"]
    return {r.tenant_id: (r.node_id, r.epoch, nodes.get(r.node_id, "")) for r in routes}


STEPS = st.lists(
    st.tuples(st.sampled_from(["route", "unroute", "node", "other", "cut"]), st.integers(0, 3), st.integers(0, 2)),
    max_size=30,
)


@example([("away", 0, 0), ("route", 0, 0), ("away", 0, 0), ("node", 0, 0)], 1, 1)  # the node comes after its route
@given(STEPS, st.integers(1, 5), st.integers(1, 3))
def test_a_gateway_catches_up_whatever_it_missed(steps: list[tuple[str, int, int]], history: int, piece: int) -> None:
    """Cut off at any moment and for any time, it knows in the end what there is to know."""
    kept = publisher.HISTORY_REVISIONS_MAX, publisher.PIECE_RECORDS
    publisher.HISTORY_REVISIONS_MAX, publisher.PIECE_RECORDS = history, piece
    try:
        plane, table = Plane(), RouteTable("x.com")
        feed, revision, stop = RouteFeed(table), 0, None

        def hear(number: int, body: Any) -> None:
            nonlocal revision
            feed.heard(number, through_msgpack(body))
            revision = max(revision, number)

        stop = plane.publisher.source(revision, hear)
        for kind, tenant, node in steps:
            if kind == "route":
                plane.route(f"t{tenant}", f"n{node}", plane.revision)
            elif kind == "unroute" and ("routes", f"t{tenant}") in plane.records:
                plane.change(("routes", f"t{tenant}", None))
            elif kind == "node":
                plane.change(("nodes", f"n{node}", Node(f"n{node}", f"10.0.0.{plane.revision}:1")))
            elif kind == "other":
                plane.change(("users", "u", None))
            elif stop is None:
                stop = plane.publisher.source(revision, hear)
            else:
                stop()
                stop = None
        if stop is not None:
            stop()
        plane.publisher.source(revision, hear)
        assert feed.is_synced
        assert seen(table) == expected(plane)
    finally:
        publisher.HISTORY_REVISIONS_MAX, publisher.PIECE_RECORDS = kept


def test_half_a_state_is_asked_for_again() -> None:
    """Only the last piece carries the revision, and what vanished between two attempts is dropped."""
    kept = publisher.PIECE_RECORDS
    publisher.PIECE_RECORDS = 1
    try:
        plane, table = Plane(), RouteTable("x.com")
        plane.route("t1")
        plane.route("t2")
        plane.publisher.reset(plane.revision)
        feed = RouteFeed(table)
        pieces: list[tuple[int, Any]] = []
        plane.publisher.source(0, lambda number, body: pieces.append((number, body)))()
        assert [number for number, _ in pieces] == [0, 0, 2]
        feed.heard(*pieces[0])
        assert not feed.is_synced
        plane.change(("routes", "t1", None))
        plane.publisher.source(0, feed.heard)
        assert table.tenant_ids() == ["t2"]
    finally:
        publisher.PIECE_RECORDS = kept


@pytest.mark.parametrize(
    "body", [None, [], {}, {"changes": 1}, {"changes": [["routes"]]}, {"changes": [["routes", "t", {"x": 1}]]}]
)
def test_a_body_of_another_shape_is_the_peers_fault(body: Any) -> None:
    """The feed refuses it, and the table stays as it was."""
    table = RouteTable("x.com")
    with pytest.raises(PeerError):
        RouteFeed(table).heard(1, body)
    assert len(table) == 0

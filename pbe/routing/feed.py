"""Keeps a route table fresh from the control plane's watch.

The body of an event on TOPIC, plain data:

    {"changes": [[table, key, record or nil], …]}                     all changes of one revision
    {"reset": true, "first": true, "changes": […], "more": true}      the first piece of the whole state, at revision 0
    {"reset": true, "changes": […], "more": false}                    its last piece, at the state's revision

A feed that is cut off in the middle of the whole state asks for it again, since only the last piece carries the
revision.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from pbe.errors import PeerError
from pbe.fleet.records import Node, Route
from pbe.routing.table import RouteTable

TOPIC = "routes"
TABLES = frozenset({"routes", "nodes"})
Change = Sequence[Any]


class RouteFeed:
    """Applies events to a table; `synced` is called once the table is whole for the first time."""

    def __init__(self, table: RouteTable, synced: Callable[[], None] | None = None) -> None:
        self.table = table
        self.is_synced = False
        self._synced = synced
        self._kept: set[tuple[str, str]] | None = None  # keys of a whole state that is under way

    def heard(self, revision: int, body: Any) -> None:
        """One event of the watch. Raises `PeerError` for a body of another shape."""
        try:
            if body.get("first", False):
                self._kept = set()
            self._apply(revision, body["changes"], reset=bool(body.get("reset")), more=bool(body.get("more")))
        except (KeyError, TypeError, AttributeError, ValueError, msgspec.ValidationError) as error:
            raise PeerError("feed the route table", f"revision {revision}", hint=str(error)) from error

    def _apply(self, revision: int, changes: Iterable[Change], *, reset: bool, more: bool) -> None:
        for table, key, value in changes:
            self.change(table, key, value)
            if self._kept is not None and value is not None:
                self._kept.add((table, key))
        if more:
            return
        if reset:
            self._forget_others()
        if reset or self.is_synced:
            self.table.revision = revision
        if not self.is_synced:
            self.is_synced = True
            if self._synced is not None:
                self._synced()

    def change(self, table: str, key: str, value: Any) -> None:
        """One record as it is now, a struct or its plain data; None where it was removed."""
        if table == "routes":
            if value is None:
                self.table.drop_route(key)
            else:
                self.table.put_route(value if isinstance(value, Route) else msgspec.convert(value, Route))
        elif table == "nodes":
            if value is None:
                self.table.drop_node(key)
            else:
                self.table.put_node(value if isinstance(value, Node) else msgspec.convert(value, Node))

    def _forget_others(self) -> None:
        """The whole state has come: what it did not name is gone."""
        kept, self._kept = self._kept or set(), None
        for tenant_id in self.table.tenant_ids():
            if ("routes", tenant_id) not in kept:
                self.table.drop_route(tenant_id)
        for node_id in self.table.node_ids():
            if ("nodes", node_id) not in kept:
                self.table.drop_node(node_id)

"""The whole replicated state: tables, revision, clock, hash, remembered requests, and what is dirty."""

from typing import Any, TypeVar

import msgspec

from pbe.fleet.records import (
    Admin,
    Audit,
    Code,
    Node,
    PendingSuperuser,
    Placement,
    QuotaRequest,
    Record,
    Remembered,
    Route,
    Tenant,
    User,
    Wake,
)
from pbe.fleet.tables import Table, moved
from pbe.fleet.times import rfc3339

AUDIT_RECORDS_MAX = 20_000
"""Older lines leave the state; whoever must keep them for ever exports them before (the object store's audit/)."""

R = TypeVar("R", bound=Record)


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One change of one record: `value` is the record now, None when it was removed.

    All events of one command carry the same revision; revisions grow by one per command that changed anything.
    """

    revision: int
    table: str
    key: str
    value: Any


class State:
    """The tables by name and as attributes; changed only by commands, through `put` and `remove`."""

    def __init__(self) -> None:
        self.tenants = Table("tenants", Tenant, unique=(), groups=("owner", "node_id", "status"))
        self.routes = Table("routes", Route, unique=("domain",), groups=("node_id", "target"))
        self.nodes = Table("nodes", Node, unique=("address",), groups=("status",))
        self.users = Table("users", User, unique=("email",))
        self.admins = Table("admins", Admin, unique=("email", "token_hash"))
        self.quota_requests = Table("quota_requests", QuotaRequest, groups=("user_id", "status"))
        self.audit = Table("audit", Audit)
        self.codes = Table("codes", Code)
        self.config = Table("config", Placement)
        self.superusers = Table("superusers", PendingSuperuser)
        self.wakes = Table("wakes", Wake)
        self.requests = Table("requests", Remembered)
        self.tables: dict[str, Table[Any]] = {
            table.name: table
            for table in (
                self.admins,
                self.audit,
                self.codes,
                self.config,
                self.nodes,
                self.quota_requests,
                self.requests,
                self.routes,
                self.superusers,
                self.tenants,
                self.users,
                self.wakes,
            )
        }
        self.revision = 0
        self.clock_ms = 0
        self.digest = 0
        self._now = (0, rfc3339(0))
        self.dirty: dict[tuple[str, str], Record | None] = {}
        self._events: list[Event] = []

    @property
    def now(self) -> str:
        """The time of the command being applied: it came with the command and never goes backwards."""
        if self._now[0] != self.clock_ms:
            self._now = (self.clock_ms, rfc3339(self.clock_ms))
        return self._now[1]

    @property
    def placement(self) -> Placement:
        """The placement configuration in force."""
        return self.config.get("placement") or Placement()

    def put(self, table: Table[R], key: str, record: R) -> R:
        """Write the record with the revision of this command, and note the event."""
        written = msgspec.structs.replace(record, revision=self.revision + 1)
        self._swap(table, key, written)
        return written

    def remove(self, table: Table[Any], key: str) -> None:
        """Remove the record, which must be there, and note the event."""
        self._swap(table, key, None)

    def _swap(self, table: Table[Any], key: str, record: Any) -> None:
        old = table.swap(key, record)
        self.digest = moved(self.digest, table.name, key, old, record)
        self.dirty[table.name, key] = record
        self._events.append(Event(self.revision + 1, table.name, key, record))

    def note(self, table: Table[Any], key: str, record: Record | None) -> None:
        """Write or remove what is the state's own bookkeeping: hashed and checkpointed, but no event, no revision."""
        old = table.swap(key, record)
        self.digest = moved(self.digest, table.name, key, old, record)
        self.dirty[table.name, key] = record

    def take_events(self) -> list[Event]:
        """What the command changed; moves the revision on when it changed anything."""
        events = self._events
        if events:
            self.revision += 1
            self._events = []
        return events

    def take_dirty(self) -> dict[tuple[str, str], Record | None]:
        """The records changed since the last call (None = removed), for the next checkpoint."""
        dirty, self.dirty = self.dirty, {}
        return dirty

    def load(self, table: str, key: str, data: bytes) -> None:
        """Put back a record from a checkpoint or snapshot: no event, no revision, not dirty."""
        target = self.tables[table]
        record = target.decode(data)
        old = target.swap(key, record)
        self.digest = moved(self.digest, table, key, old, record)

"""The state machine: bytes of the log in, results and events out, the same on every member."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from pbe.errors import InvariantBroken
from pbe.fleet import commands, nodes, people, routes, tenants, wakes
from pbe.fleet.records import Record, to_json
from pbe.fleet.rejected import Rejected
from pbe.fleet.requests import Requests
from pbe.fleet.state import Event, State
from pbe.fleet.tables import UNREADABLE, encode

SNAPSHOT_VERSION = 1
SNAPSHOT_ITEMS_MAX = 2000

# Theory of operation: one table. A handler checks first and changes afterwards; one that refuses has changed nothing.
HANDLERS: dict[type[Any], Callable[[State, Any], Any]] = {
    commands.TenantCreate: tenants.create,
    commands.TenantUpdate: tenants.update,
    commands.TenantStatus: tenants.set_status,
    commands.TenantDelete: tenants.delete,
    commands.TenantRestore: tenants.restore,
    commands.TenantPurge: tenants.purge,
    commands.SuperuserSet: tenants.set_superuser,
    commands.SuperuserDone: tenants.superuser_done,
    commands.WakeSet: wakes.set_wake,
    commands.WakeCall: wakes.call,
    commands.RouteAssign: routes.assign,
    commands.RouteRelease: routes.release,
    commands.MoveStart: routes.move_start,
    commands.MoveFinish: routes.move_finish,
    commands.MoveAbort: routes.move_abort,
    commands.NodeRegister: nodes.register,
    commands.NodeUpdate: nodes.update,
    commands.NodeStatus: nodes.set_status,
    commands.NodeDrain: nodes.drain,
    commands.NodeRemove: nodes.remove,
    commands.PlacementSet: nodes.set_placement,
    commands.UserCreate: people.create_user,
    commands.UserUpdate: people.update_user,
    commands.UserDelete: people.delete_user,
    commands.QuotaRequestCreate: people.create_request,
    commands.QuotaRequestDecide: people.decide_request,
    commands.AdminCreate: people.create_admin,
    commands.AdminUpdate: people.update_admin,
    commands.AdminDelete: people.delete_admin,
    commands.AuditAppend: people.append_audit,
    commands.CodeIssue: people.issue_code,
    commands.CodeConsume: people.consume_code,
}


class Applied(msgspec.Struct, frozen=True, gc=False):
    """What a command did: its result (a record, plain value or `Rejected`), its events, whether it is a repeat."""

    result: Any
    events: list[Event]
    repeated: bool = False
    request_id: str = ""


class Meta(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a checkpoint or snapshot says of the whole state; digest as hexadecimal text."""

    version: int
    revision: int
    clock_ms: int
    digest: str
    records: int


class Fleet:
    """The replicated state. Read through the tables; change only by applying entries of the log in order.

    Records are immutable and may be kept; the tables themselves change with the next entry.
    """

    def __init__(self, state: State | None = None) -> None:
        self.state = state if state is not None else State()
        self._requests = Requests(self.state)
        self.tenants = self.state.tenants
        self.routes = self.state.routes
        self.nodes = self.state.nodes
        self.users = self.state.users
        self.admins = self.state.admins
        self.quota_requests = self.state.quota_requests
        self.audit = self.state.audit
        self.codes = self.state.codes
        self.superusers = self.state.superusers
        self.wakes = self.state.wakes

    @property
    def placement(self) -> Any:
        """The placement configuration in force."""
        return self.state.placement

    @property
    def revision(self) -> int:
        """The revision of the newest change."""
        return self.state.revision

    @property
    def state_hash(self) -> str:
        """32 hexadecimal digits that are equal on two members exactly when their states are (but for 2**-128)."""
        return f"{self.state.digest:032x}"

    def apply(self, entry: bytes) -> Applied:
        """Apply one entry of the log. A refusal is a result, not an exception.

        Raises InvariantBroken for bytes that no member of a version we can follow has proposed: the process must stop,
        since going on would make its state differ from the others'.
        """
        try:
            decoded = commands.decode_entry(entry)
        except UNREADABLE as error:
            raise InvariantBroken("apply", "log entry", hint=f"an entry this version cannot read: {error}") from error
        return self._apply(decoded)

    def _apply(self, entry: commands.Entry) -> Applied:
        state, command = self.state, entry.command
        tag = str(command.__struct_config__.tag)
        repeated, outcome = self._requests.recall(entry.request_id, tag)
        if repeated:
            return Applied(outcome, [], True, entry.request_id)
        state.clock_ms = max(state.clock_ms, entry.at_ms)
        try:
            outcome = HANDLERS[type(command)](state, command)
        except Rejected as rejected:
            outcome = rejected
        events = self._events(entry, tag, outcome)
        self._requests.remember(entry.request_id, tag, outcome)
        return Applied(outcome, events, False, entry.request_id)

    def _events(self, entry: commands.Entry, tag: str, outcome: Any) -> list[Event]:
        state = self.state
        if isinstance(outcome, Rejected):
            if state.take_events():
                raise InvariantBroken("apply", tag, hint="a command that was refused had changed something")
            return []
        if entry.audit_actor:
            subject = getattr(entry.command, "id", "") or getattr(entry.command, "tenant_id", "")
            people.note(state, entry.audit_actor, tag, subject, _details(entry.command))
        return state.take_events()

    def meta(self) -> Meta:
        """The frame around a snapshot of the present state."""
        records = sum(len(table) for table in self.state.tables.values())
        return Meta(SNAPSHOT_VERSION, self.state.revision, self.state.clock_ms, self.state_hash, records)

    def export(self, items_max: int = SNAPSHOT_ITEMS_MAX) -> Iterator[bytes]:
        """The state of this moment in pieces of at most `items_max` records, encoded one by one as they are taken.

        The copy is made at the call: commands applied while the pieces are taken do not show in them.
        """
        copies = [(name, dict(table.rows)) for name, table in sorted(self.state.tables.items())]
        return _pieces(copies, items_max)

    @classmethod
    def restore(cls, meta: Meta, pieces: Iterable[bytes]) -> "Fleet":
        """The fleet of a snapshot; raises InvariantBroken when pieces are missing, foreign or damaged."""
        state = State()
        try:
            for piece in pieces:
                for table, key, data in msgspec.msgpack.decode(piece, type=list[tuple[str, str, bytes]]):
                    state.load(table, key, data)
        except (*UNREADABLE, KeyError) as error:
            raise InvariantBroken("restore", "snapshot", hint=f"unreadable: {error!r}") from error
        return cls.of(state, meta)

    @classmethod
    def of(cls, state: State, meta: Meta) -> "Fleet":
        """A fleet around records that were loaded one by one; checks them against the meta's hash."""
        state.revision, state.clock_ms = meta.revision, meta.clock_ms
        state.dirty.clear()
        fleet = cls(state)
        if fleet.state_hash != meta.digest:
            raise InvariantBroken(
                "restore", "state", hint=f"its hash is {fleet.state_hash} instead of {meta.digest}: records are damaged"
            )
        return fleet

    def user_json(self, user_id: str) -> dict[str, Any]:
        """A user as the API shows him: with the count of his tenants and his pending request inside."""
        user = self.users.rows[user_id]
        shown = to_json(user)
        shown["quotas"]["current_tenants"] = sum(
            1 for key in self.tenants.group("owner", user_id) if self.tenants.rows[key].status != "deleted"
        )
        pending = self.quota_requests.get(user.pending_request_id)
        shown["quotas"]["pending_quota_request"] = None if pending is None else to_json(pending)
        return shown


def _pieces(copies: list[tuple[str, dict[str, Record]]], items_max: int) -> Iterator[bytes]:
    piece: list[tuple[str, str, bytes]] = []
    for name, rows in copies:
        for key in sorted(rows):
            piece.append((name, key, encode(rows[key])))
            if len(piece) == items_max:
                yield encode(piece)
                piece = []
    if piece:
        yield encode(piece)


_HIDDEN = frozenset({"superuser_hash", "password_hash", "token_hash", "session_key", "hash", "metadata"})


def _details(command: Any) -> dict[str, Any]:
    plain = msgspec.to_builtins(command)
    return {name: value for name, value in plain.items() if name not in _HIDDEN and name != "_"}

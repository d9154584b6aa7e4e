"""Realtime in the hook pipeline: what is bound while anybody listens, and the events it raises itself.

Theory of operation, in the stock server's order. Creates and updates are evaluated and posted after the commit. A
delete is evaluated before it, outside its transaction, since afterwards there is nothing left to ask; what it says
waits in `_deletes` and is posted after the commit, or forgotten with it. Subscriptions with enter and leave events
are evaluated before an update too: was the record theirs before, is it now? Nothing is bound while nobody listens.
"""

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

from pbe.tenant.collection_events import CollectionEvent
from pbe.tenant.pipeline import Event
from pbe.tenant.realtime_broker import Broker
from pbe.tenant.realtime_client import Client
from pbe.tenant.realtime_journal import Journal, Kept
from pbe.tenant.realtime_message import Evaluation, Group, evaluate, groups_of, leave_json, owner_of
from pbe.tenant.realtime_seat import Message
from pbe.tenant.record import Record
from pbe.tenant.record_events import RecordEvent
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit

if TYPE_CHECKING:
    from pbe.tenant.tenant import Tenant

FIRST, LAST = -99, 99
_IDS = ("create", "update", "before-update", "delete", "deleted", "undeleted", "collection", "collection-deleted")
Heard = list[tuple[Group, bytes]]


class RealtimeConnectRequestEvent(Event):
    """A client connects; a handler may change how long it may be silent and stay, in seconds."""

    __slots__ = ("client", "idle_s", "info", "life_s")

    def __init__(self, info: RequestInfo, client: Client | None, idle_s: float, life_s: float) -> None:
        super().__init__("onRealtimeConnectRequest")
        self.info = info
        self.client = client
        self.idle_s = idle_s
        self.life_s = life_s


class RealtimeSubscribeRequestEvent(Event):
    """A client says what it wants to hear; a handler may change the list."""

    __slots__ = ("client", "info", "subscriptions")

    def __init__(self, info: RequestInfo, client: Client, subscriptions: list[str]) -> None:
        super().__init__("onRealtimeSubscribeRequest")
        self.info = info
        self.client = client
        self.subscriptions = subscriptions


class RealtimeMessageEvent(Event):
    """A message is about to be sent to one client; a handler may change or withhold it."""

    __slots__ = ("client", "message")

    def __init__(self, client: Client, message: Message) -> None:
        super().__init__("onRealtimeMessageSend")
        self.client = client
        self.message = message


class RealtimeEvents:
    """One tenant's realtime handlers."""

    def __init__(self, tenant: "Tenant", broker: Broker, journal: Journal) -> None:
        self._tenant = tenant
        self._broker = broker
        self._journal = journal
        self._bound: tuple[frozenset[str], bool] | None = None
        self._deletes: dict[tuple[str, str], Heard] = {}
        self._before: dict[tuple[str, str], set[Hashable]] = {}

    def rebind(self) -> None:
        """Bind what the present topics need, and nothing where there are none."""
        topics = self._broker.topics
        if not topics:
            wanted = None
        else:
            transitions = any(options.transitions for groups in topics.values() for options in groups)
            wanted = (frozenset(topic.partition("/")[0] for topic in topics), transitions)
        if wanted == self._bound:
            return
        self._bound = wanted
        pipeline = self._tenant.pipeline
        for name in _IDS:
            pipeline.unbind(f"realtime-{name}")
        if wanted is not None:
            self._bind(wanted[0], transitions=wanted[1])

    def _bind(self, tags: Iterable[str], *, transitions: bool) -> None:
        def bind(name: str, event: str, run: Any, priority: int, **more: Any) -> None:
            self._tenant.pipeline.bind(event, run, handler_id=f"realtime-{name}", priority=priority, **more)

        bind("create", "onModelAfterCreateSuccess", self._created, FIRST)
        bind("update", "onModelAfterUpdateSuccess", self._updated, FIRST)
        bind("deleted", "onModelAfterDeleteSuccess", self._deleted, FIRST)
        bind("undeleted", "onModelAfterDeleteError", self._undeleted, FIRST)
        bind("delete", "onModelDelete", self._delete, LAST, tags=tags)
        bind("collection", "onCollectionUpdate", self._collection_update, FIRST, suspends=False)
        bind("collection-deleted", "onCollectionAfterDeleteSuccess", self._collection_deleted, FIRST)
        if transitions:
            bind("before-update", "onModelUpdate", self._before_update, LAST, tags=tags)

    async def post(self, heard: Heard, owner_id: str) -> None:
        """Send what an event says to everybody who hears of it, under one number."""
        if not heard:
            return
        kept = [Kept(group.topic, group.options, group.needs, group.who, data) for group, data in heard]
        number = self._journal.add(owner_id, kept)
        hooked = self._tenant.pipeline.has("onRealtimeMessageSend")
        for group, data in heard:
            if not hooked:
                self._broker.post_all(group.members, data, number)
                continue
            for subscription in group.members:
                await self.send(subscription.client, Message(subscription.topic, data, number))

    async def send(self, client: Client, message: Message) -> None:
        """Send one message through its hooks."""
        event = RealtimeMessageEvent(client, message)

        async def act(_: Event) -> None:
            self._broker.post(client, event.message)

        await self._tenant.pipeline.trigger(event, act)

    # records

    def _groups(self, record: Record) -> list[Group]:
        return groups_of(self._broker, record, hooked=self._tenant.pipeline.has("onRecordEnrich"))

    async def _created(self, event: Event) -> None:
        if isinstance(event, RecordEvent):
            groups = self._groups(event.record)
            if groups:
                await self.post(
                    await evaluate(Unit(self._tenant), groups, "create", event.record), owner_of(event.record)
                )
        await event.next()

    async def _updated(self, event: Event) -> None:
        if isinstance(event, RecordEvent):
            if event.record.collection.is_auth:
                self._auth_changed(event.record)
            groups = self._groups(event.record)
            before = self._before.pop(_key(event.record), None)
            if groups:
                await self.post(await self._update(event.record, groups, before or set()), owner_of(event.record))
        await event.next()

    async def _update(self, record: Record, groups: list[Group], before: set[Hashable]) -> Heard:
        unit = Unit(self._tenant)
        plain = [group for group in groups if not group.options.transitions]
        heard = await evaluate(unit, plain, "update", record)
        for group in groups:
            if not group.options.transitions:
                continue
            action = "update" if group.key in before else "enter"
            now = await evaluate(unit, [group], action, record)
            if now:
                heard += now
            elif group.key in before:
                heard.append((group, leave_json(record)))
        return heard

    async def _before_update(self, event: Event) -> None:
        if isinstance(event, RecordEvent):
            record = event.record
            groups = [group for group in self._groups(record) if group.options.transitions]
            if groups:
                evaluation = Evaluation(self._outside(event.unit), "", record)
                self._before[_key(record)] = {group.key for group in groups if await evaluation.allowed(group)}
                event.unit.on_completed(self._forget_before(record))
        await event.next()

    def _forget_before(self, record: Record) -> Any:
        async def forget(error: BaseException | None) -> None:
            if error is not None:
                self._before.pop(_key(record), None)

        return forget

    async def _delete(self, event: Event) -> None:
        if isinstance(event, RecordEvent):
            groups = self._groups(event.record)
            if groups:
                heard = await evaluate(self._outside(event.unit), groups, "delete", event.record)
                if heard:
                    self._deletes[_key(event.record)] = heard
        await event.next()

    async def _deleted(self, event: Event) -> None:
        if isinstance(event, RecordEvent):
            if event.record.collection.is_auth:
                self._auth_gone(event.record.collection.id, event.record.id)
            await self.post(self._deletes.pop(_key(event.record), []), owner_of(event.record))
        await event.next()

    async def _undeleted(self, event: Event) -> None:
        if isinstance(event, RecordEvent):
            self._deletes.pop(_key(event.record), None)
        await event.next()

    def _outside(self, unit: Unit) -> Unit:
        """A unit that sees what is committed, where the transaction may wait for it; else the transaction's own."""
        return Unit(self._tenant) if unit.exclusive or unit.tx is None else unit

    # who is behind the clients

    def _auth_changed(self, record: Record) -> None:
        """Clients follow their record; a new token key makes guests of them."""
        self._broker.version += 1
        for client in self._clients_of(record.collection.id, record.id):
            if client.auth is not None and client.auth.get("tokenKey") != record.get("tokenKey"):
                client.auth = None
            else:
                client.auth = record.fresh()
                client.auth.stored()

    def _auth_gone(self, collection_id: str, record_id: str) -> None:
        self._broker.version += 1
        for client in self._clients_of(collection_id, record_id):
            client.auth = None

    def _clients_of(self, collection_id: str, record_id: str) -> list[Client]:
        return [
            client
            for client in self._broker.clients.values()
            if client.auth is not None
            and client.auth.collection.id == collection_id
            and record_id in ("", client.auth.id)
        ]

    async def _collection_update(self, event: Event) -> None:
        old = self._tenant.catalog.collection(event.collection.id) if isinstance(event, CollectionEvent) else None
        await event.next()
        if isinstance(event, CollectionEvent) and old is not None and old.is_auth and event.collection.is_auth:
            secrets = [one.options.get("authToken", {}).get("secret") for one in (old, event.collection)]
            if secrets[0] != secrets[1]:
                self._auth_gone(old.id, "")

    async def _collection_deleted(self, event: Event) -> None:
        if isinstance(event, CollectionEvent) and event.collection.is_auth:
            self._auth_gone(event.collection.id, "")
        await event.next()


def _key(record: Record) -> tuple[str, str]:
    return (record.collection.id, record.stored_id or record.id)

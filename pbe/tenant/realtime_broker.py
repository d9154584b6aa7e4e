"""A tenant's subscribers: who they are, what they hear, and the delivery of messages to them.

Theory of operation. `post` puts a message on the client's pending list and marks the client; at the end of the turn all
that is pending for a client goes out in one write, CLIENTS_PER_TURN clients a turn, so that a topic with thousands of
subscribers holds up nobody's request. One sweep every SWEEP_S ends connections that were silent or there for too long.
"""

from collections.abc import Callable, Hashable, Iterable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pbe.errors import Unavailable
from pbe.tenant.realtime_bus import Bus
from pbe.tenant.realtime_client import PENDING_BYTES_MAX, Client, Outlet, Subscription
from pbe.tenant.realtime_seat import Message
from pbe.tenant.realtime_subscription import Options

CLIENTS_MAX = 20_000
CLIENTS_PER_TURN = 250
CLASSES_MAX = 1000
SWEEP_S = 5.0
IDLE_S = 300.0
LIFE_S = 1800.0
CLIENT_ID_CHARS = 40
IDLE, OVER, SLOW, CLOSING = "idle", "over", "slow", "closing"
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
Topic = dict[Options, dict[Subscription, None]]


class Batch:
    """One event for the members of a group; `take` gives the next of them."""

    __slots__ = ("_at", "_members", "data", "number")

    def __init__(self, members: list[Subscription], data: bytes, number: int) -> None:
        self._members = members
        self._at = 0
        self.data = data
        self.number = number

    @property
    def done(self) -> bool:
        """Whether every member was given."""
        return self._at >= len(self._members)

    def take(self, count: int) -> list[Subscription]:
        """The next members, at most `count`."""
        taken = self._members[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def rest(self) -> list[Subscription]:
        """All that are left."""
        return self.take(len(self._members))

    def message(self, subscription: Subscription) -> Message:
        """The event as one member hears it."""
        return Message(subscription.topic, self.data, self.number)


class Classes:
    """Who is of which class, remembered until anything changes about anybody."""

    __slots__ = ("_known", "_version")

    def __init__(self) -> None:
        self._known: dict[Hashable, dict[Hashable, list[Subscription]]] = {}
        self._version = -1

    def find(self, key: Hashable, version: int) -> dict[Hashable, list[Subscription]] | None:
        """What was kept for `key` at this version."""
        if version != self._version or len(self._known) >= CLASSES_MAX:
            self._known = {}
            self._version = version
        return self._known.get(key)

    def keep(self, key: Hashable, classes: dict[Hashable, list[Subscription]]) -> None:
        """Remember; the lists are not changed any more."""
        self._known[key] = classes


class Broker:
    """The registry. `changed` is called when the set of topics may have changed."""

    def __init__(self, clock: IReactorTime, random_bytes: Callable[[int], bytes]) -> None:
        self.clients: dict[str, Client] = {}
        self.topics: dict[str, Topic] = {}
        self.changed: Callable[[], None] | None = None
        self.classes = Classes()
        self.version = 0  # grows whenever who hears what, or who is who, may have changed
        self._clock = clock
        self._random_bytes = random_bytes
        self._marked: list[Client] = []
        self._batches: list[Batch] = []
        self._flush: IDelayedCall | None = None
        self._sweep: IDelayedCall | None = None

    def new_client(self, ip: str, outlet: Outlet, *, idle_s: float = IDLE_S, life_s: float = LIFE_S) -> Client:
        """Register a subscriber. Raises `Unavailable` where CLIENTS_MAX are there."""
        if len(self.clients) >= CLIENTS_MAX:
            raise Unavailable(cause="too many realtime clients")
        client = Client(self._random_text(CLIENT_ID_CHARS), ip, outlet)
        now = self._clock.seconds()
        client.idle_s = idle_s
        client.idle_at = now + idle_s
        client.over_at = now + life_s
        self.clients[client.id] = client
        if self._sweep is None:
            self._sweep = self._clock.callLater(SWEEP_S, self._sweep_clients)
        return client

    def forget(self, client: Client) -> None:
        """The client is gone; its connection is the caller's business."""
        if self.clients.pop(client.id, None) is None:
            return
        for subscription in client.subscriptions.values():
            subscription.seat = None
        self._drop(list(client.subscriptions.values()))
        client.subscriptions = {}
        client.pending = []
        if not self.clients:
            for timer in (self._sweep, self._flush):
                if timer is not None and timer.active():
                    timer.cancel()
            self._sweep = self._flush = None
            self._marked = []
            self._batches = []
        self._tell()

    def set_topics(self, client: Client, topics: Iterable[str]) -> None:
        """Replace what the client hears; empty topics are left out."""
        self._drop(list(client.subscriptions.values()))
        client.subscriptions = {}
        self.add_topics(client, topics)

    def add_topics(self, client: Client, topics: Iterable[str]) -> None:
        """Let the client hear more; a topic that it has already stays as it is."""
        for topic in topics:
            if topic and topic not in client.subscriptions:
                subscription = client.subscriptions[topic] = Subscription(client, topic)
                groups = self.topics.setdefault(subscription.base, {})
                groups.setdefault(subscription.options, {})[subscription] = None
        self._tell()

    def drop_topics(self, client: Client, topics: Iterable[str]) -> None:
        """Let the client hear less."""
        found = [client.subscriptions.pop(topic) for topic in dict.fromkeys(topics) if topic in client.subscriptions]
        self._drop(found)
        self._tell()

    def post(self, client: Client, message: Message, subscription: Subscription | None = None) -> None:
        """Send `message` to the client soon, in order. One that does not keep up is ended as SLOW."""
        if client.id not in self.clients:
            return
        pending = client.pending
        if not pending and not client.slow:
            self._mark(client)
        pending.append((subscription, message))
        client.held_bytes += len(message.data)
        if client.held_bytes > PENDING_BYTES_MAX:
            self.end(client, SLOW)

    def resume(self, client: Client) -> None:
        """The client reads again."""
        client.slow = False
        if client.pending and client.id in self.clients:
            self._mark(client)

    def post_all(self, members: list[Subscription], data: bytes, number: int) -> None:
        """Send an event to every subscription of a group, soon and in order."""
        self._batches.append(Batch(members, data, number))
        if self._flush is None:
            self._flush = self._clock.callLater(0, self._flush_some)

    def end(self, client: Client, reason: str) -> None:
        """Close the client's connection and forget it."""
        self.forget(client)
        client.outlet.end(reason)

    async def close(self) -> None:
        """End every client."""
        for client in list(self.clients.values()):
            self.end(client, CLOSING)

    def _mark(self, client: Client) -> None:
        self._marked.append(client)
        if self._flush is None:
            self._flush = self._clock.callLater(0, self._flush_some)

    def _flush_some(self) -> None:
        """Deliver to some of those that have something to hear; those that are left wait for the next turn.

        One batch alone goes out as it is. Where several wait, each client's share of them is gathered into one write.
        """
        self._flush = None
        if len(self._batches) == 1 and not self._marked:
            self._run(self._batches[0])
        else:
            for batch in self._batches:
                for subscription in batch.rest():
                    self.post(subscription.client, batch.message(subscription), subscription)
            self._batches = []
        self._deliver_marked()
        if (self._marked or self._batches) and self._flush is None:
            self._flush = self._clock.callLater(0, self._flush_some)

    def _run(self, batch: Batch) -> None:
        """Send a batch to its next members, at once to those whose sockets are clear."""
        bus = Bus()
        now = self._clock.seconds()
        for subscription in batch.take(CLIENTS_PER_TURN):
            client = subscription.client
            if client.pending or client.slow or not bus.board(subscription):
                self.post(client, batch.message(subscription), subscription)
            else:
                client.idle_at = now + client.idle_s
        bus.go(batch.data, batch.number)
        if batch.done:
            self._batches.remove(batch)

    def _deliver_marked(self) -> None:
        marked, self._marked = self._marked[:CLIENTS_PER_TURN], self._marked[CLIENTS_PER_TURN:]
        idle_at = self._clock.seconds()
        for client in marked:
            if client.slow:
                continue
            pending, client.pending = client.pending, []
            if pending:
                client.held_bytes = 0
                client.idle_at = idle_at + client.idle_s
                client.outlet.deliver(pending)

    def _sweep_clients(self) -> None:
        self._sweep = None
        now = self._clock.seconds()
        late = [client for client in self.clients.values() if client.over_at <= now or client.idle_at <= now]
        for client in late:
            self.end(client, OVER if client.over_at <= now else IDLE)
        if self.clients and self._sweep is None:
            self._sweep = self._clock.callLater(SWEEP_S, self._sweep_clients)

    def _drop(self, subscriptions: Iterable[Subscription]) -> None:
        for subscription in subscriptions:
            groups = self.topics.get(subscription.base)
            members = groups.get(subscription.options) if groups is not None else None
            if groups is None or members is None:
                continue
            members.pop(subscription, None)
            if not members:
                del groups[subscription.options]
            if not groups:
                del self.topics[subscription.base]

    def _tell(self) -> None:
        self.version += 1
        if self.changed is not None:
            self.changed()

    def _random_text(self, chars: int) -> str:
        out: list[str] = []
        while len(out) < chars:
            out.extend(_ALPHABET[byte % 62] for byte in self._random_bytes(chars) if byte < 248)
        return "".join(out[:chars])

"""One subscriber: a connection, who is behind it, what it wants to hear."""

from typing import Protocol

from pbe.tenant.realtime_seat import Message, Seat
from pbe.tenant.realtime_subscription import Options, base_of, options_of
from pbe.tenant.record import Record

PENDING_BYTES_MAX = 1024 * 1024


class Outlet(Protocol):
    """The connection of a client."""

    def deliver(self, messages: list[tuple["Subscription | None", Message]]) -> None:
        """Send these now, in order."""

    def end(self, reason: str) -> None:
        """Close; reason is one of the words of `Broker`."""


class Subscription:
    """A client's wish for one topic. prefix, seat: the outlet's, for what is the same in each of its messages."""

    __slots__ = ("base", "client", "options", "prefix", "seat", "topic")

    def __init__(self, client: "Client", topic: str) -> None:
        self.client = client
        self.topic = topic
        self.base = base_of(topic)
        self.options: Options = options_of(topic)
        self.prefix = b""
        self.seat: Seat | None = None

    def __repr__(self) -> str:
        return f"<Subscription {self.topic} of {self.client.id}>"


class Client:
    """A subscriber. ip: where it connected from, "" where nobody checks; auth: set with each list of subscriptions.

    idle_at, over_at: when it is closed for silence, and at the latest. Messages wait in `pending` until the end of the
    turn, or while it is `slow`, which its outlet sets; more than PENDING_BYTES_MAX is too slow.
    """

    __slots__ = (
        "auth",
        "held_bytes",
        "id",
        "idle_at",
        "idle_s",
        "ip",
        "outlet",
        "over_at",
        "pending",
        "slow",
        "subscriptions",
    )

    def __init__(self, client_id: str, ip: str, outlet: Outlet) -> None:
        self.id = client_id
        self.ip = ip
        self.outlet = outlet
        self.auth: Record | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.pending: list[tuple[Subscription | None, Message]] = []
        self.held_bytes = 0
        self.slow = False
        self.idle_s = 0.0
        self.idle_at = 0.0
        self.over_at = 0.0

    @property
    def is_superuser(self) -> bool:
        """Whether a superuser is behind it."""
        return self.auth is not None and self.auth.is_superuser

    def __repr__(self) -> str:
        return f"<Client {self.id}>"


def same_auth(one: Record | None, other: Record | None) -> bool:
    """Whether both are the same record, or both guests."""
    if one is None or other is None:
        return one is other
    return one.id == other.id and one.collection.id == other.collection.id

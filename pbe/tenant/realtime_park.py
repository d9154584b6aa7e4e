"""Clients that lost their connection and may come back: their subscriptions stay, what they miss is in the journal.

Theory of operation. connected → (connection lost) → parked, for PARK_S at most → resumed by a new connection |
forgotten. Only connections that can resume are parked; while there is one, or one that is parked, the journal keeps
events.
"""

from typing import NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pbe.tenant.realtime_broker import Broker
from pbe.tenant.realtime_client import Client, Subscription, same_auth
from pbe.tenant.realtime_journal import Journal
from pbe.tenant.realtime_message import who_is
from pbe.tenant.realtime_seat import Message
from pbe.tenant.realtime_subscription import Options
from pbe.tenant.record import Record

PARK_S = 120.0
PARKED_MAX = 2000


class Missed(NamedTuple):
    """What a client gets that comes back. complete: whether nothing is missing between then and now."""

    topics: list[str]
    messages: list[Message]
    complete: bool


class _Nowhere:
    """The outlet of a parked client: what it hears is in the journal."""

    def deliver(self, messages: list[tuple[Subscription | None, Message]]) -> None:
        """Nobody reads."""

    def end(self, reason: str) -> None:
        """Nothing to close."""


class Park:
    """The parked clients of one tenant, the longest parked first."""

    def __init__(self, broker: Broker, journal: Journal, clock: IReactorTime) -> None:
        self._broker = broker
        self._journal = journal
        self._clock = clock
        self._parked: dict[str, tuple[Client, IDelayedCall]] = {}
        self._resumable = 0  # connections that may be parked one day

    def opened(self) -> None:
        """A connection that can resume is there."""
        self._resumable += 1
        self._journal.keeping = True

    def lost(self, client: Client) -> None:
        """Its connection is gone: keep its subscriptions for a while."""
        self._resumable -= 1
        if client.subscriptions and client.id in self._broker.clients:
            if len(self._parked) >= PARKED_MAX:
                self._expire(next(iter(self._parked)))
            client.outlet = _Nowhere()
            client.pending = []
            client.slow = False
            client.held_bytes = 0
            client.idle_at = client.over_at = self._clock.seconds() + 2 * PARK_S
            self._parked[client.id] = (client, self._clock.callLater(PARK_S, self._expire, client.id))
        else:
            self._broker.forget(client)
        self._forget_journal()

    def missed(self) -> None:
        """A connection that could have resumed is gone without a client."""
        self._resumable -= 1
        self._forget_journal()

    def resume(self, client_id: str, number: int, auth: Record | None) -> Missed | None:
        """Take a parked client out, for a connection whose record is `auth`; None where there is none of that id.

        A client that was somebody else is not given away, and stays.
        """
        found = self._parked.get(client_id)
        if found is None or not same_auth(found[0].auth, auth):
            return None
        client, timer = self._parked.pop(client_id)
        timer.cancel()
        topics = list(client.subscriptions)
        messages = self._missed(client, number)
        self._broker.forget(client)
        return Missed(topics, messages or [], messages is not None)

    def close(self) -> None:
        """Forget every parked client."""
        for client_id in list(self._parked):
            self._expire(client_id)

    def _missed(self, client: Client, number: int) -> list[Message] | None:
        entries = self._journal.after(number)
        if entries is None:
            return None
        wanted: dict[tuple[str, Options], list[str]] = {}
        for subscription in client.subscriptions.values():
            wanted.setdefault((subscription.base, subscription.options), []).append(subscription.topic)
        return [
            Message(topic, kept.data, entry.number)
            for entry in entries
            for kept in entry.heard
            for topic in wanted.get((kept.topic, kept.options), ())
            if who_is(client.auth, kept.needs, kept.options, entry.owner_id) == kept.who
        ]

    def _expire(self, client_id: str) -> None:
        client, timer = self._parked.pop(client_id)
        if timer.active():
            timer.cancel()
        self._broker.forget(client)
        self._forget_journal()

    def _forget_journal(self) -> None:
        if not self._resumable and not self._parked:
            self._journal.forget()

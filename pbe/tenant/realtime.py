"""A tenant's realtime: clients connect, say what they want to hear, and hear it.

The two transports (server-sent events, WebSocket) come through here; what is heard is decided in `realtime_events`.
"""

from typing import TYPE_CHECKING

from pbe.errors import BadRequest, Forbidden, NotFound
from pbe.tenant.pipeline import Event
from pbe.tenant.realtime_broker import IDLE_S, LIFE_S, Broker
from pbe.tenant.realtime_client import Client, Outlet, same_auth
from pbe.tenant.realtime_events import RealtimeConnectRequestEvent, RealtimeEvents, RealtimeSubscribeRequestEvent
from pbe.tenant.realtime_journal import Journal
from pbe.tenant.realtime_park import Park
from pbe.tenant.realtime_seat import Message
from pbe.tenant.request_info import RequestInfo

if TYPE_CHECKING:
    from pbe.tenant.tenant import Tenant

CONNECT_TOPIC = "PB_CONNECT"


class Realtime:
    """One tenant's; made on first use by `realtime_of`, ended with the tenant."""

    def __init__(self, tenant: "Tenant") -> None:
        self.broker = Broker(tenant.clock, tenant.services.random_bytes)
        self.journal = Journal()
        self.events = RealtimeEvents(tenant, self.broker, self.journal)
        self.broker.changed = self.events.rebind
        self.sockets: object = None  # what the WebSockets of the tenant share; theirs
        self.park = Park(self.broker, self.journal, tenant.clock)
        self._tenant = tenant
        tenant.closing.append(self._close)

    async def connect(self, info: RequestInfo, ip: str, outlet: Outlet) -> Client:
        """Register whoever connected. Raises what hooks raise, and `Unavailable`."""
        event = RealtimeConnectRequestEvent(info, None, IDLE_S, LIFE_S)

        async def act(_: Event) -> None:
            event.client = self.broker.new_client(ip, outlet, idle_s=event.idle_s, life_s=event.life_s)

        await self._tenant.pipeline.trigger(event, act)
        if event.client is None:
            raise BadRequest(cause="a hook stopped the connection")
        return event.client

    async def greet(self, client: Client) -> None:
        """Tell the client its id."""
        await self.events.send(client, Message(CONNECT_TOPIC, b'{"clientId":"%b"}' % client.id.encode()))

    def client(self, client_id: str) -> Client:
        """The client. Raises `NotFound`."""
        client = self.broker.clients.get(client_id)
        if client is None:
            raise NotFound("Missing or invalid client id.")
        return client

    async def subscribe(self, info: RequestInfo, client: Client, ip: str, topics: list[str]) -> None:
        """Replace what the client hears, and who is behind it.

        Raises `BadRequest` for another address than the client's, `Forbidden` where another record was behind it
        before.
        """
        if client.ip and client.ip != ip:
            raise BadRequest("Invalid realtime client.", cause="the address is not the one that connected")
        if client.auth is not None and not same_auth(client.auth, info.auth):
            raise Forbidden("The current and the previous request authorization don't match.")
        event = RealtimeSubscribeRequestEvent(info, client, topics)

        async def act(_: Event) -> None:
            client.auth = info.auth
            self.broker.version += 1
            self.broker.set_topics(client, event.subscriptions)

        await self._tenant.pipeline.trigger(event, act)

    async def _close(self) -> None:
        await self.broker.close()
        self.park.close()

    async def send(self, client_id: str, topic: str, data: bytes) -> bool:
        """Send JSON to a client that listens to `topic`; False where it does not, or is gone."""
        client = self.broker.clients.get(client_id)
        if client is None or topic not in client.subscriptions:
            return False
        await self.events.send(client, Message(topic, data))
        return True


def realtime_of(tenant: "Tenant") -> Realtime:
    """The tenant's realtime."""
    found = tenant.realtime
    if not isinstance(found, Realtime):
        found = tenant.realtime = Realtime(tenant)
    return found

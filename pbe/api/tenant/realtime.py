"""/api/realtime: server-sent events, as the stock SDKs expect them.

    id:<client id>
    event:<the subscription as it was sent>
    data:{"record":…,"action":"create"}

The first event is PB_CONNECT with the client's id; POST sets what that client hears.
"""

from typing import Any

from pbe.api.tenant.caller import auth_of, real_ip
from pbe.api.tenant.request_info import info_of
from pbe.api.tenant.route import Route, limit_of
from pbe.errors import BadRequest, field_error
from pbe.net import direct
from pbe.schema.rules import length
from pbe.tenant.realtime import Realtime, realtime_of
from pbe.tenant.realtime_broker import SLOW
from pbe.tenant.realtime_client import Client, Subscription
from pbe.tenant.realtime_seat import Lane, Message, Seat
from pbe.tenant.realtime_subscription import SUBSCRIPTION_CHARS_MAX, SUBSCRIPTIONS_MAX
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant
from pbe.web.bodies import Bound, read_bound
from pbe.web.request import Request
from pbe.web.response import Response, Sink, no_content

CLIENT_ID_CHARS_MAX = 255
_HEADERS = b"Cache-Control: no-store\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n"


def routes() -> list[Route]:
    """The stream and its list of subscriptions."""
    return [
        Route("GET", "/api/realtime", connect, quiet=True),
        Route("POST", "/api/realtime", set_subscriptions),
    ]


async def connect(request: Request, tenant: Tenant) -> Response:
    """A stream of events, open until it was silent or there for too long."""
    realtime = realtime_of(tenant)
    stream = EventStream(tenant, realtime)
    stream.client = await realtime.connect(await info_of(request), real_ip(request, tenant), stream)
    return Response(200, body=stream, prebuilt=_HEADERS)


async def set_subscriptions(request: Request, tenant: Tenant) -> Response:
    """Replace what a client hears; 204."""
    client_id, topics = _read(await read_bound(request, limit_of(request)))
    _validate(client_id, topics)
    realtime = realtime_of(tenant)
    client = realtime.client(client_id)
    await realtime.subscribe(_info(request), client, real_ip(request, tenant), topics)
    return no_content()


def _info(request: Request) -> RequestInfo:
    query = {name: values[0] for name, values in request.query.items() if values}
    return RequestInfo(method=request.method, query=query, auth=auth_of(request))


def _read(bound: Bound) -> tuple[str, list[str]]:
    """The client's id and its topics; names match in any case in JSON, as they are spelled in a form."""
    if bound.form is not None:
        return (bound.form.get("clientId") or [""])[0], list(bound.form.get("subscriptions", []))
    values: dict[str, Any] = {}
    for key, value in bound.data.items():
        name = key.lower()
        if name in values:
            raise BadRequest(cause=f"{key} twice")
        if name in ("clientid", "subscriptions"):
            values[name] = value
    client_id, topics = values.get("clientid"), values.get("subscriptions")
    client_id, topics = "" if client_id is None else client_id, [] if topics is None else topics
    if not isinstance(client_id, str) or not isinstance(topics, list):
        raise BadRequest(cause="clientId is no text, or subscriptions no list")
    if not all(isinstance(topic, str) or topic is None for topic in topics):
        raise BadRequest(cause="subscriptions that are no texts")
    return client_id, [topic or "" for topic in topics]


def _validate(client_id: str, topics: list[str]) -> None:
    errors: dict[str, Any] = {}
    if not client_id:
        errors["clientId"] = field_error("validation_required", "cannot be blank")
    elif (wrong := length(1, CLIENT_ID_CHARS_MAX)(client_id)) is not None:
        errors["clientId"] = wrong
    if (wrong := length(0, SUBSCRIPTIONS_MAX)(topics)) is not None:
        errors["subscriptions"] = wrong
    else:
        each = {str(at): length(0, SUBSCRIPTION_CHARS_MAX)(topic) for at, topic in enumerate(topics)}
        long = {at: entry for at, entry in each.items() if entry is not None}
        if long:
            errors["subscriptions"] = long
    if errors:
        raise BadRequest(data=errors)


class EventStream:
    """A body of server-sent events, and the outlet of its client."""

    def __init__(self, tenant: Tenant, realtime: Realtime) -> None:
        self.client: Client | None = None
        self._tenant = tenant
        self._realtime = realtime
        self._sink: Sink | None = None
        self._ended = False

    # the body

    def start(self, sink: Sink) -> None:
        """The head is sent: say hello, unless the client was ended meanwhile."""
        self._sink = sink
        if self._ended or self.client is None:
            sink.finish()
            return
        self._tenant.streams += 1
        self._tenant.background.start(self._realtime.greet(self.client), "Failed to greet a realtime client.")

    def resumed(self) -> None:
        """The client reads again: send what waits for it."""
        if self.client is not None:
            self._realtime.broker.resume(self.client)

    def stopped(self) -> None:
        """The client is gone."""
        if self._sink is not None and not self._ended:
            self._tenant.streams -= 1
        self._ended = True
        if self.client is not None:
            self._realtime.broker.forget(self.client)

    # the outlet

    def deliver(self, messages: list[tuple[Subscription | None, Message]]) -> None:
        """Send these in one write."""
        if self._sink is None or self.client is None:
            return
        parts: list[bytes] = []
        for subscription, message in messages:
            if subscription is None:
                prefix = _prefix(self.client, message.topic)
            else:
                prefix = subscription.prefix or self._settle(subscription)
            parts += (prefix, message.data, b"\n\n")
        if not self._sink.write(b"".join(parts)):
            self.client.slow = True

    def _settle(self, subscription: Subscription) -> bytes:
        """Give a subscription its prefix, and its seat where the connection is a plain socket."""
        if self._sink is None or self.client is None:
            return b""
        prefix = subscription.prefix = _prefix(self.client, subscription.topic)
        plain = self._sink.plain()
        if plain is not None and direct.is_clear(plain[0]):
            transport, chunked = plain
            subscription.seat = Seat(_CHUNKED if chunked else _BARE, transport, prefix)
        return prefix

    def end(self, reason: str) -> None:
        """Close the stream; one that is too slow is cut off, since what it was sent may never drain."""
        if self._ended:
            return
        self._ended = True
        if self._sink is not None:
            self._tenant.streams -= 1
            if reason == SLOW:
                self._sink.abort()
            else:
                self._sink.finish()


def _tail(message: Message) -> bytes:
    return message.data + b"\n\n"


_CHUNKED, _BARE = Lane(_tail, chunked=True), Lane(_tail, chunked=False)


def _prefix(client: Client, topic: str) -> bytes:
    return f"id:{client.id}\nevent:{topic}\ndata:".encode("utf-8", "surrogatepass")

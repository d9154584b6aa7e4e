"""What hooks may do about connections, subscriptions and messages."""

from typing import Any

from pbe.tenant.realtime_events import (
    RealtimeConnectRequestEvent,
    RealtimeMessageEvent,
    RealtimeSubscribeRequestEvent,
)
from pbe.tenant.realtime_seat import Message
from pbe.tenant.record_events import RecordEnrichEvent
from tests.api.tenant.test_realtime import create, rules, user, world
from tests.kit.event_stream import EventClient
from tests.kit.tenant_site import World
from tests.kit.web_socket import SocketClient

__all__ = ["world"]


def test_a_hook_sets_how_long_a_stream_may_be_silent(world: World) -> None:
    """The event's idle and life, in seconds."""

    async def shorter(event: Any) -> None:
        assert isinstance(event, RealtimeConnectRequestEvent)
        event.idle_s = 10.0
        await event.next()

    world.tenant.pipeline.bind("onRealtimeConnectRequest", shorter)
    client = EventClient(world)
    for _ in range(4):
        world.clock.advance(5)
    assert client.finished


def test_a_hook_refuses_a_connection(world: World) -> None:
    """What it raises is the answer; what it does not pass on is no connection."""

    async def silent(event: Any) -> None:
        return None

    world.tenant.pipeline.bind("onRealtimeConnectRequest", silent)
    assert world.ask("GET", "/api/realtime").status == 400
    assert world.tenant.realtime is not None
    assert world.tenant.realtime.broker.clients == {}


def test_a_hook_changes_what_is_subscribed_to(world: World) -> None:
    """For both transports."""

    async def only_posts(event: Any) -> None:
        assert isinstance(event, RealtimeSubscribeRequestEvent)
        event.subscriptions = [topic for topic in event.subscriptions if topic.startswith("posts")]
        await event.next()

    world.tenant.pipeline.bind("onRealtimeSubscribeRequest", only_posts)
    stream, web = EventClient(world), SocketClient(world)
    assert stream.subscribe("posts/*", "users/*") == 204
    assert web.say(type="subscribe", topics=["users/*", "posts/*"]) == [{"type": "subscribed", "topics": ["posts/*"]}]
    user(world, "ann")
    create(world)
    assert [name for name, _ in stream.events()] == ["posts/*"]
    assert [topic for topic, _, _ in web.events()] == ["posts/*"]


def test_a_hook_changes_and_withholds_messages(world: World) -> None:
    """One message at a time, for one client at a time; the greeting passes it too."""
    seen: list[str] = []

    async def censor(event: Any) -> None:
        assert isinstance(event, RealtimeMessageEvent)
        seen.append(event.message.topic)
        if b'"n":2' in event.message.data:
            return
        if event.message.topic != "PB_CONNECT":
            event.message = Message(event.message.topic, event.message.data.replace(b"secret", b"xxxxxx"))
        await event.next()

    world.tenant.pipeline.bind("onRealtimeMessageSend", censor)
    client = EventClient(world)
    client.subscribe("posts/*")
    for number in (1, 2, 3):
        create(world, n=number, title="secret")
    heard = [(data["record"]["n"], data["record"]["title"]) for _, data in client.events()]
    assert heard == [(1, "xxxxxx"), (3, "xxxxxx")]
    assert seen == ["PB_CONNECT", "posts/*", "posts/*", "posts/*"]


def test_a_hook_shows_each_subscriber_something_else(world: World) -> None:
    """An enrich hook sees who subscribes, so nobody is grouped with anybody."""
    _, ann = user(world, "ann", name="Ann")
    _, bob = user(world, "bob", name="Bob")
    rules(world, listRule="")

    async def greet(event: Any) -> None:
        assert isinstance(event, RecordEnrichEvent)
        name = event.info.auth.get("name") if event.info.auth is not None else "stranger"
        event.record.custom["hello"] = f"{name} ({event.info.context})"
        await event.next()

    world.tenant.pipeline.bind("onRecordEnrich", greet, tags=("posts",))
    clients = [EventClient(world) for _ in range(3)]
    for client, token in zip(clients, (ann, bob, ""), strict=True):
        client.subscribe("posts/*", token=token)
    create(world)
    said = [data["record"]["hello"] for client in clients for _, data in client.events()]
    assert said == ["Ann (realtime)", "Bob (realtime)", "stranger (realtime)"]


def test_a_message_to_one_client_reaches_it_if_it_listens(world: World) -> None:
    """As the code of a log-in does on @oauth2."""
    client, other = EventClient(world), EventClient(world)
    client.subscribe("@oauth2")
    realtime = world.tenant.realtime
    assert realtime is not None
    assert world.done(realtime.send(client.id, "@oauth2", b'{"code":"c"}'))
    assert not world.done(realtime.send(other.id, "@oauth2", b"{}"))
    assert not world.done(realtime.send("nobody", "@oauth2", b"{}"))
    assert client.events() == [("@oauth2", {"code": "c"})]
    assert other.events() == []

"""WebSockets: the same events, resuming, transitions, and what bad clients cost."""

import json
from urllib.parse import quote

import pytest

from tests.api.tenant.test_realtime import change, create, options, remove, rules, user, world
from tests.kit.tenant_site import World
from tests.kit.web_socket import PING, PONG, SocketClient

__all__ = ["world"]


@pytest.mark.parametrize("step", [0, 1])
def test_topics_are_added_and_dropped_and_heard(world: World, step: int) -> None:
    """Messages are the same as for server-sent events, numbered in the tenant's order."""
    client = SocketClient(world)
    said = client.send(json.dumps({"type": "subscribe", "topics": ["posts/*", "posts"]}).encode(), step=step)
    assert said == [{"type": "subscribed", "topics": ["posts/*", "posts"]}]
    record = create(world, title="a")
    change(world, record, title="b")
    events = [one for one in client.said() if one["type"] == "event"]
    assert [(one["topic"], one["action"], one["record"]["title"]) for one in events] == [
        ("posts/*", "create", "a"),
        ("posts", "create", "a"),
        ("posts/*", "update", "b"),
        ("posts", "update", "b"),
    ]
    numbers = [one["id"] for one in events]
    assert numbers == [numbers[0]] * 2 + [numbers[0] + 1] * 2
    assert client.say(type="unsubscribe", topics=["posts"]) == [{"type": "subscribed", "topics": ["posts/*"]}]
    remove(world, record)
    assert client.events() == [("posts/*", "delete", record)]
    assert client.say(type="unsubscribe") == [{"type": "subscribed", "topics": []}]
    create(world)
    assert client.events() == []
    assert client.say(type="ping") == [{"type": "pong"}]


def test_rules_hold_for_whoever_authenticates(world: World) -> None:
    """By the header of the upgrade, or by a message; never another record on one connection."""
    _, ann = user(world, "ann")
    _, bob = user(world, "bob")
    rules(world, listRule="@request.auth.id != ''")
    guest, named = SocketClient(world), SocketClient(world, token=ann)
    for client in (guest, named):
        client.say(type="subscribe", topics=["posts/*"])
    create(world)
    assert guest.events() == []
    assert len(named.events()) == 1
    assert guest.say(type="auth", token=bob) == [{"type": "authenticated"}]
    create(world)
    assert len(guest.events()) == 1
    (error,) = guest.say(type="auth", token=ann)
    assert error["type"] == "error"
    assert guest.say(type="auth", token="x")[0]["type"] == "error"
    assert guest.say(type="auth")[0]["type"] == "error"
    assert not guest.gone


def test_a_client_that_comes_back_gets_what_it_missed(world: World) -> None:
    """Creates, updates and deletes, under its rule, its filter and its identity, once and in order."""
    ann, token = user(world, "ann")
    rules(world, listRule="author = @request.auth.id")
    client = SocketClient(world, token=token)
    client.say(type="subscribe", topics=["posts/*" + options(filter="n > 0")])
    first = create(world, author=ann, n=1)
    (event,) = [one for one in client.said() if one["type"] == "event"]
    client.cut()
    second = create(world, author=ann, n=1)
    create(world, n=1)
    create(world, author=ann, n=0)
    remove(world, first)
    change(world, second, n=2)
    back = SocketClient(world, token=token)
    said = back.say(type="resume", clientId=client.id, lastEventId=event["id"])
    assert said[0] == {"type": "resumed", "complete": True}
    assert [(one["action"], one["record"]["id"]) for one in said[1:-1]] == [
        ("create", second),
        ("delete", first),
        ("update", second),
    ]
    assert said[-1]["type"] == "subscribed"
    third = create(world, author=ann, n=3)
    assert back.events() == [("posts/*", "create", third)]
    assert back.say(type="resume", clientId=client.id, lastEventId=event["id"]) == [
        {"type": "resumed", "complete": False}
    ]


def test_a_resume_that_cannot_be_whole_says_so(world: World) -> None:
    """Somebody else's connection, one that waited too long, a number that was never given."""
    _, token = user(world, "ann")
    no = [{"type": "resumed", "complete": False}]
    client = SocketClient(world, token=token)
    client.say(type="subscribe", topics=["posts/*"])
    client.cut()
    assert SocketClient(world).say(type="resume", clientId=client.id, lastEventId=client.first) == no
    back = SocketClient(world, token=token)
    said = back.say(type="resume", clientId=client.id, lastEventId=client.first + 100)
    assert said[0] == {"type": "resumed", "complete": False}
    assert said[-1]["topics"] == ["posts/*"]
    back.cut()
    world.clock.advance(121)
    late = SocketClient(world, token=token)
    assert late.say(type="resume", clientId=back.id, lastEventId=0) == no
    assert late.say(type="resume", clientId=5, lastEventId="x")[0]["type"] == "error"
    assert not world.tenant.realtime or len(world.tenant.realtime.broker.clients) == 2


def test_one_that_says_goodbye_is_not_kept(world: World) -> None:
    """A close with 1000 ends the client; the journal ends with the last one."""
    client = SocketClient(world)
    client.say(type="subscribe", topics=["posts/*"])
    client.send((1000).to_bytes(2, "big"), opcode=8)
    assert client.code == 1000
    client.cut()
    realtime = world.tenant.realtime
    assert realtime is not None
    assert realtime.broker.clients == {}
    assert not realtime.journal.keeping
    assert world.tenant.streams == 0
    assert not world.tenant.pipeline.has("onModelAfterCreateSuccess")


def test_enter_and_leave_are_heard_here_too(world: World) -> None:
    """The option is the topic's."""
    client = SocketClient(world)
    topic = "posts/*?options=" + quote(json.dumps({"query": {"filter": "n > 5"}, "enterLeave": True}))
    client.say(type="subscribe", topics=[topic])
    record = create(world, n=1)
    change(world, record, n=9)
    change(world, record, n=2)
    assert [action for _, action, _ in client.events()] == ["enter", "leave"]


def test_large_messages_are_compressed_where_that_is_agreed(world: World) -> None:
    """Built once for all that agreed to it; small ones are not worth it."""
    plain, packed = SocketClient(world), SocketClient(world, deflate=True)
    for client in (plain, packed):
        client.say(type="subscribe", topics=["posts/*"])
    create(world, title="x" * 3000)
    for client in (plain, packed):
        (event,) = client.said()
        assert event["record"]["title"] == "x" * 3000
    assert (plain.compressed, packed.compressed) == (0, 1)


@pytest.mark.parametrize(
    ("payload", "opcode", "code"),
    [
        (b"not json", 1, 4400),
        (b"[]", 1, 4400),
        (b"{}", 1, 4400),
        (b'{"type":"nosuch"}', 1, 4400),
        (b'{"type":["ping"]}', 1, 4400),
        (b'{"type":"ping"}', 2, 1003),
        (b'{"type":"\xff"}', 1, 1007),
        (b"x" * 600_000, 1, 1009),
        (b"x", 3, 1002),
        (b"x" * 126, PING, 1002),
    ],
)
def test_what_is_no_message_closes_with_a_code(world: World, payload: bytes, opcode: int, code: int) -> None:
    """Garbage, binary, bad UTF-8, a frame over the limit, reserved opcodes: the others hear on."""
    bad, good = SocketClient(world), SocketClient(world)
    good.say(type="subscribe", topics=["posts/*"])
    bad.send(payload, opcode=opcode)
    assert bad.code == code
    create(world)
    assert len(good.events()) == 1


@pytest.mark.parametrize("topics", [None, 5, [5], ["x" * 2501], ["x"] * 1001, [f"t{number}" for number in range(1001)]])
def test_wrong_topics_are_refused_and_cost_nothing(world: World, topics: object) -> None:
    """The connection stays, and so do its subscriptions."""
    client = SocketClient(world)
    client.say(type="subscribe", topics=["posts/*"])
    (error,) = client.say(type="subscribe", topics=topics)
    assert error["type"] == "error"
    create(world)
    assert len(client.events()) == 1


def test_too_many_subscriptions_in_steps_are_refused(world: World) -> None:
    """The limit is the connection's, not the message's."""
    client = SocketClient(world)
    client.say(type="subscribe", topics=[f"a{number}" for number in range(1000)])
    assert client.say(type="subscribe", topics=["b"])[0]["type"] == "error"


def test_an_unmasked_frame_is_a_protocol_error(world: World) -> None:
    """As the RFC demands of servers."""
    client = SocketClient(world)
    client.connection.dataReceived(b"\x81\x02{}")
    client.said()
    assert client.code == 1002


def test_a_slow_reader_is_dropped_with_a_code(world: World) -> None:
    """Others do not wait for it."""
    slow, quick = SocketClient(world), SocketClient(world)
    for client in (slow, quick):
        client.say(type="subscribe", topics=["posts/*"])
    slow.connection._successor.pauseProducing()
    sent = 0
    while not slow.gone and sent < 400:
        create(world, title="x" * 4000)
        assert len(quick.events()) == 1
        sent += 1
    assert 100 < sent < 400
    slow.said()
    assert slow.code == 4408


def test_a_dead_connection_is_found_by_pings(world: World) -> None:
    """One that answers nothing is dropped after a ping and its time; any word of it, a pong too, is life."""
    silent, alive = SocketClient(world), SocketClient(world)
    for second in range(1, 61):
        world.clock.advance(1)
        alive.said()
        if second in (33, 52):
            assert alive.send(b"", opcode=PONG) == []
        if second == 33:
            silent.said()
            assert (silent.pings, silent.gone) == (1, False)
    assert silent.gone
    assert not alive.gone
    assert alive.pings == 1
    assert alive.say(type="ping") == [{"type": "pong"}]


def test_what_looks_like_a_pong_inside_a_message_is_part_of_it(world: World) -> None:
    """A frame that is cut just there is still read to its end."""
    client = SocketClient(world)
    payload = b'{"type":"ping"}' + b" " * 100
    head = bytes((0x81, 0x80 | len(payload))) + bytes(4)
    client.connection.dataReceived(head + payload[:20])
    inner = payload[20:60].replace(b"      ", b"\x8a\x80    ", 1)
    client.connection.dataReceived(inner[:6])
    client.connection.dataReceived(inner[6:] + payload[60:])
    client.said()
    assert client.code == 1007  # the message was read whole, and is no UTF-8


def test_the_end_of_the_tenant_is_told(world: World) -> None:
    """1001, so that clients come back to wherever it is then."""
    client = SocketClient(world)
    world.done(world.tenant.stop())
    client.said()
    assert client.code == 1001


def test_a_request_that_is_no_upgrade_is_400(world: World) -> None:
    """A plain GET, and an upgrade to something else."""
    assert world.ask("GET", "/api/realtime/ws").status == 400

"""Server-sent events: who hears what, when, and for how long."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.kit.event_stream import EventClient
from tests.kit.tenant_site import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A tenant with users and posts: anybody may do anything with posts, until a test says otherwise."""
    world = World(tmp_path, random_bytes=os.urandom)
    fields = [
        {"name": "title", "type": "text"},
        {"name": "n", "type": "number"},
        {"name": "secret", "type": "text", "hidden": True},
        {"name": "author", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1},
        {"name": "created", "type": "autodate", "onCreate": True},
    ]
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    made = world.root("POST", "/api/collections", {"name": "posts", "type": "base", "fields": fields} | rules)
    assert made.status == 200, made.body
    yield world
    world.close()


def create(world: World, collection: str = "posts", **data: Any) -> str:
    """A record's id."""
    answer = world.root("POST", f"/api/collections/{collection}/records", data)
    assert answer.status == 200, answer.body
    return str(answer.json["id"])


def change(world: World, record_id: str, collection: str = "posts", **data: Any) -> None:
    """Update a record."""
    answer = world.root("PATCH", f"/api/collections/{collection}/records/{record_id}", data)
    assert answer.status == 200, answer.body


def remove(world: World, record_id: str, collection: str = "posts") -> None:
    """Delete a record."""
    assert world.root("DELETE", f"/api/collections/{collection}/records/{record_id}").status == 204


def rules(world: World, collection: str = "posts", **changes: Any) -> None:
    """Change a collection's rules."""
    answer = world.root("PATCH", f"/api/collections/{collection}", changes)
    assert answer.status == 200, answer.body


def user(world: World, who: str, **data: Any) -> tuple[str, str]:
    """A user's id and token."""
    body = {"email": f"{who}@example.com", "password": "1234567890", "passwordConfirm": "1234567890"} | data
    user_id = create(world, "users", **body)
    return user_id, world.login(f"{who}@example.com", "1234567890", "users")


def options(**query: str) -> str:
    """The options of a topic, as the SDK writes them."""
    return "?options=" + quote(json.dumps({"query": query}))


def test_changes_are_heard_by_all_four_kinds_of_topics(world: World) -> None:
    """By name and by id, all records and one; in the stock server's shape; another's record is not heard."""
    collection_id = world.root("GET", "/api/collections/posts").json["id"]
    first = create(world, title="a")
    client = EventClient(world)
    topics = ["posts/*", f"{collection_id}/*", f"posts/{first}", f"{collection_id}/{first}", "posts", "bogus", ""]
    assert client.subscribe(*topics) == 204
    change(world, first, title="b")
    events = client.events()
    assert sorted(name for name, _ in events) == sorted(topics[:5])
    for _, data in events:
        assert data["action"] == "update"
        assert list(data) == ["record", "action"]
        assert data["record"]["title"] == "b"
        assert "secret" not in data["record"]
    second = create(world, title="c")
    remove(world, second)
    heard = client.heard()
    assert sorted(heard) == sorted(
        (name, action, second) for name in ("posts/*", f"{collection_id}/*", "posts") for action in ("create", "delete")
    )
    assert client.subscribe() == 204
    change(world, first, title="d")
    assert client.events() == []


def test_a_null_rule_is_heard_by_superusers_only(world: World) -> None:
    """Who also see hidden fields."""
    rules(world, listRule=None)
    guest, root = EventClient(world), EventClient(world)
    guest.subscribe("posts/*")
    root.subscribe("posts/*", token=world.token)
    create(world, title="a", secret="s")
    assert guest.events() == []
    ((_, data),) = root.events()
    assert data["record"]["secret"] == "s"


def test_list_rule_for_all_and_view_rule_for_one(world: World) -> None:
    """The wildcard is under the list rule, a single record under the view rule."""
    rules(world, listRule="n > 5", viewRule="n < 5")
    record = create(world, n=3)
    client = EventClient(world)
    client.subscribe("posts/*", f"posts/{record}")
    change(world, record, n=4)
    assert client.heard() == [(f"posts/{record}", "update", record)]
    change(world, record, n=7)
    assert client.heard() == [("posts/*", "update", record)]


def test_filter_fields_and_expand_are_each_subscribers_own(world: World) -> None:
    """The subscriber's options shape what it gets."""
    author, _ = user(world, "ann", name="Ann", emailVisibility=True)
    rules(world, "users", viewRule="")
    client = EventClient(world)
    topics = ["posts/*" + options(filter="n>5"), "posts/*" + options(fields="n,expand.author.name", expand="author")]
    client.subscribe(*topics)
    create(world, n=9, author=author)
    assert {name: data["record"].get("title") for name, data in client.events()} == {topics[0]: "", topics[1]: None}
    create(world, n=1, author=author)
    assert client.events() == [
        (topics[1], {"record": {"n": 1, "expand": {"author": {"name": "Ann"}}}, "action": "create"})
    ]


def test_a_filter_may_not_ask_what_only_superusers_may(world: World) -> None:
    """@request and @collection, hidden fields, and nonsense are never satisfied."""
    client, root = EventClient(world), EventClient(world)
    filters = ["@request.auth.id = ''", "@collection.users.id ?!= ''", "secret = ''", "nosuch = 1", "n >"]
    client.subscribe(*("posts/*" + options(filter=text) for text in filters))
    root.subscribe("posts/*" + options(filter="@request.auth.id != ''"), token=world.token)
    create(world, n=1)
    assert client.events() == []
    assert len(root.events()) == 1


def test_rules_see_who_subscribes_and_their_options(world: World) -> None:
    """@request.auth is the subscriber, @request.query and .headers are its options, the context is realtime."""
    ann, ann_token = user(world, "ann")
    bob, bob_token = user(world, "bob")
    rules(world, listRule="author = @request.auth.id || (@request.query.key = 'k' && @request.headers.x_key = 'h')")
    clients = [EventClient(world) for _ in range(3)]
    for client, token in zip(clients, (ann_token, bob_token, ""), strict=True):
        client.subscribe("posts/*", token=token)
    create(world, author=ann)
    create(world, author=bob)
    create(world)
    assert [len(client.events()) for client in clients] == [1, 1, 1]
    keyed = "posts/*?options=" + quote(json.dumps({"query": {"key": "k"}, "headers": {"X-Key": "h"}}))
    clients[2].subscribe(keyed)
    create(world, author=ann)
    assert [name for name, _ in clients[2].events()] == [keyed]
    rules(world, listRule="@request.context = 'realtime' && @request.method = 'GET'")
    clients[2].subscribe("posts/*")
    create(world)
    assert len(clients[2].events()) == 1


def test_equal_subscribers_cost_one_query(world: World) -> None:
    """A hundred of the same rule, filter and class of identity are one question, and one rendering."""
    rules(world, listRule="@request.auth.id != '' && n > 0")
    _, token = user(world, "ann")
    _, other = user(world, "bob")
    clients = [EventClient(world) for _ in range(100)]
    for number, client in enumerate(clients):
        client.subscribe("posts/*" + options(filter="n < 100"), token=(token, other)[number % 2])
    asked: list[str] = []
    query = world.tenant.data.query

    async def counted(sql: str, params: Any = (), *, heavy: bool = False) -> Any:
        asked.append(sql)
        return await query(sql, params, heavy=heavy)

    world.tenant.data.query = counted  # type: ignore[method-assign]
    create(world, n=5)
    with_subscribers = len(asked)
    for number, client in enumerate(clients):
        assert len(client.events()) == 1
        assert client.subscribe(token=(token, other)[number % 2]) == 204
    asked.clear()
    create(world, n=5)
    assert with_subscribers - len(asked) == 1


def test_deletes_are_judged_before_they_happen(world: World) -> None:
    """A rule over what the cascade takes away still holds, and a delete that fails says nothing."""
    fields = [{"name": "post", "type": "relation", "collectionId": _id(world, "posts"), "cascadeDelete": True}]
    body = {"name": "comments", "type": "base", "fields": fields, "listRule": "post.n > 0", "deleteRule": ""}
    assert world.root("POST", "/api/collections", body).status == 200
    needed = [{"name": "post", "type": "relation", "collectionId": _id(world, "posts"), "required": True}]
    assert world.root("POST", "/api/collections", {"name": "needs", "type": "base", "fields": needed}).status == 200
    client = EventClient(world)
    client.subscribe("comments/*", "posts/*")
    post = create(world, n=1)
    comment = create(world, "comments", post=post)
    client.events()
    remove(world, post)
    assert sorted(client.heard()) == [("comments/*", "delete", comment), ("posts/*", "delete", post)]
    held = create(world, n=1)
    create(world, "needs", post=held)
    client.events()
    assert world.root("DELETE", f"/api/collections/posts/records/{held}").status == 400
    assert client.events() == []


def _id(world: World, collection: str) -> str:
    return str(world.root("GET", f"/api/collections/{collection}").json["id"])


def test_only_a_guest_may_become_somebody(world: World) -> None:
    """Guest to user is fine, user to guest or to another is 403, and another address is 400."""
    _, ann = user(world, "ann")
    _, bob = user(world, "bob")
    client = EventClient(world, peer="10.0.0.1")
    assert client.subscribe("posts/*") == 204
    assert client.subscribe("posts/*", token=ann) == 204
    assert client.subscribe("posts/*", token=bob) == 403
    assert client.subscribe("posts/*") == 403
    assert client.subscribe("posts/*", token=ann, peer="10.0.0.2") == 400
    assert client.subscribe("posts/*", token=ann) == 204


def test_a_changed_token_key_makes_a_guest(world: World) -> None:
    """A new password, a deletion and a new secret take the identity away; other changes refresh it."""
    rules(world, listRule="@request.auth.name = 'Ann'")
    ann, token = user(world, "ann", name="Ann")
    client = EventClient(world)
    client.subscribe("posts/*", token=token)
    create(world)
    assert len(client.events()) == 1
    change(world, ann, "users", name="Anna")
    create(world)
    assert client.events() == []
    change(world, ann, "users", name="Ann")
    create(world)
    assert len(client.events()) == 1
    change(world, ann, "users", password="abcdefghij", passwordConfirm="abcdefghij")
    create(world)
    assert client.events() == []
    token = world.login("ann@example.com", "abcdefghij", "users")
    assert client.subscribe("posts/*", token=token) == 204
    create(world)
    assert len(client.events()) == 1
    rules(world, "users", authToken={"secret": "x" * 40, "duration": 1000})
    create(world)
    assert client.events() == []
    assert client.subscribe("posts/*", token=world.login("ann@example.com", "abcdefghij", "users")) == 204
    remove(world, ann, "users")
    create(world)
    assert client.events() == []


def test_mail_addresses_are_shown_to_their_owner_only(world: World) -> None:
    """A hidden e-mail is in nobody else's event."""
    rules(world, "users", listRule="", viewRule="")
    ann, token = user(world, "ann")
    mine, others = EventClient(world), EventClient(world)
    mine.subscribe("users/*", token=token)
    others.subscribe("users/*")
    change(world, ann, "users", name="A")
    assert [data["record"].get("email") for _, data in mine.events()] == ["ann@example.com"]
    assert [data["record"].get("email") for _, data in others.events()] == [None]


def test_enter_and_leave_follow_a_filter(world: World) -> None:
    """With the option on, an update says whether the record came into view, stayed, or left."""
    client = EventClient(world)
    topic = "posts/*?options=" + quote(json.dumps({"query": {"filter": "n > 5"}, "enterLeave": True}))
    client.subscribe(topic, "posts/*" + options(filter="n > 5"))
    record = create(world, n=1, title="t")
    assert client.events() == []
    change(world, record, n=7)
    assert sorted(data["action"] for _, data in client.events()) == ["enter", "update"]
    change(world, record, n=8)
    assert [data["action"] for _, data in client.events()] == ["update", "update"]
    change(world, record, n=2)
    ((name, data),) = client.events()
    assert name == topic
    assert data["action"] == "leave"
    assert sorted(data["record"]) == ["collectionId", "collectionName", "id"]
    remove(world, record)
    assert client.events() == []


def test_a_silent_client_is_closed_after_five_minutes_any_after_thirty(world: World) -> None:
    """Messages count as life, up to the limit; the tenant knows how many streams hold it in memory."""
    silent, busy = EventClient(world), EventClient(world)
    busy.subscribe("posts/*")
    assert world.tenant.streams == 2
    for minute in range(1, 31):
        world.clock.advance(60)
        create(world)
        busy.events()
        assert silent.finished is (minute >= 5)
        assert busy.finished is (minute >= 30)
    assert world.tenant.streams == 0


def test_a_slow_reader_is_cut_off_and_others_do_not_wait(world: World) -> None:
    """What it does not take is held up to a limit, then it is dropped."""
    slow, quick = EventClient(world), EventClient(world)
    slow.fast = False
    for client in (slow, quick):
        client.subscribe("posts/*")
    create(world, title="x" * 4000)
    assert len(slow.events()) == 1
    for _ in range(20):
        create(world, title="x" * 4000)
    assert slow.events() == []
    assert len(quick.events()) == 21
    slow.fast = True
    slow.body.resumed()
    assert len(slow.events()) == 20
    slow.fast = False
    for _ in range(400):
        create(world, title="x" * 4000)
        quick.events()
    assert slow.aborted
    assert world.tenant.streams == 1


def test_a_client_that_left_is_forgotten(world: World) -> None:
    """Nothing is bound to the pipeline for nobody."""
    client = EventClient(world)
    client.subscribe("posts/*")
    assert world.tenant.pipeline.has("onModelDelete")
    client.body.stopped()
    assert not world.tenant.pipeline.has("onModelDelete", "onModelAfterCreateSuccess")
    assert world.tenant.streams == 0
    assert client.subscribe("posts/*") == 404


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        (b"", 400, ["clientId"]),
        (b"{}", 400, ["clientId"]),
        (b"[]", 400, []),
        (b'{"clientId":5}', 400, []),
        (b'{"clientId":"x"}', 404, []),
        (b'{"clientId":"x","subscriptions":"a"}', 400, []),
        (b'{"clientId":"x","subscriptions":[1]}', 400, []),
        (b'{"clientId":"x","subscriptions":[null]}', 404, []),
        (b'{"clientId":"x","CLIENTID":"y"}', 400, []),
        (json.dumps({"clientId": "x" * 256}).encode(), 400, ["clientId"]),
        (json.dumps({"clientId": "x", "subscriptions": ["a"] * 1001}).encode(), 400, ["subscriptions"]),
        (json.dumps({"clientId": "x", "subscriptions": ["a", "b" * 2501]}).encode(), 400, ["subscriptions"]),
        (json.dumps({"clientId": "x", "subscriptions": ["a"] * 100_000}).encode(), 400, ["subscriptions"]),
        (b'{"clientId":"\xff"}', 400, []),
    ],
)
def test_a_list_of_subscriptions_is_checked(world: World, body: bytes, status: int, fields: list[str]) -> None:
    """As the stock server checks it."""
    answer = world.ask("POST", "/api/realtime", body)
    assert (answer.status, list(answer.json["data"])) == (status, fields)

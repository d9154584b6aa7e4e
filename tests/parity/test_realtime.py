"""Both servers tell their subscribers the same: rules, filters, options and identities, event by event."""

import http.client
import json
import re
import select
import socket
import time
from typing import Any
from urllib.parse import quote

from tests.parity.harness.exchange import Call, Peer
from tests.parity.harness.servers import PbeServer, RealTemplate

QUIET_S = 1.5
RULES: list[str | None] = [
    "",
    None,
    "n > 1",
    "owner = @request.auth.id",
    "@request.auth.id != ''",
    "@request.auth.id = ''",
    "@request.query.key = 'k'",
    "@request.headers.x_key = 'h'",
    "@request.context = 'realtime' && @request.method = 'GET'",
    "@request.body.title:isset = true",
    "@collection.users.name ?= title",
    "owner.name = 'Ada'",
    "@request.auth.name = 'Ada' || @request.auth.collectionName = '_superusers'",
    "tags:each ?= 'a'",
    "title ~ 'b' && n < 6",
    "hid = 'h'",
    "@request.auth.verified = true && n >= 5",
]
OPTIONS: list[dict[str, Any]] = [
    {"query": {"filter": "n > 1"}},
    {"query": {"filter": "title = 'b' || n = 1"}},
    {"query": {"filter": "hid = 'h'"}},
    {"query": {"filter": "@request.auth.id != ''"}},
    {"query": {"filter": "@collection.users.id ?!= ''"}},
    {"query": {"filter": "nosuch = 1"}},
    {"query": {"filter": "n >"}},
    {"query": {"filter": " "}},
    {"query": {"filter": "owner.name = 'Ada'"}},
    {"query": {"filter": "x" * 10}},
    {"query": {"fields": "id,n"}},
    {"query": {"fields": "title:excerpt(1,true),nosuch"}},
    {"query": {"fields": "*:bad()"}},
    {"query": {"expand": "owner", "fields": "*,expand.owner.name"}},
    {"query": {"expand": "owner,nosuch", "fields": "n,expand.owner.id"}},
    {"query": {"expand": "nosuch"}},
    {"query": {"key": "k"}},
    {"headers": {"X-Key": "h"}},
    {"query": {"key": "k", "filter": "n = 9"}, "headers": {"X-KEY": "h"}},
    {"query": {"n": 5, "b": True, "l": [1]}, "headers": {"a": None}},
    {"query": []},
    {"nosuch": 1},
]
FIELDS: list[dict[str, Any]] = [
    {"name": "title", "type": "text"},
    {"name": "n", "type": "number"},
    {"name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2},
    {"name": "owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1},
    {"name": "hid", "type": "text", "hidden": True},
    {"name": "data", "type": "json"},
]
FIRST, SECOND = "first0000000000", "second000000000"


def topics(name: str, collection_id: str) -> list[str]:
    """What each client listens to in one collection."""
    plain = [f"{name}/*", f"{collection_id}/*", name, f"{name}/{FIRST}", f"{collection_id}/{SECOND}", f"{name}/nosuch"]
    with_options = [f"{name}/*?options={quote(json.dumps(options))}" for options in OPTIONS]
    odd = [f"{name}/*?options=bad", f"{name}/*?other=1", f"{name}/*?options=%zz", f"{name}/{FIRST}?options={{}}"]
    return [*plain, *with_options, *odd]


class Listener:
    """A stream of server-sent events."""

    def __init__(self, peer: Peer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", peer.port), timeout=10)
        host = peer.fixed_headers.get("Host", f"127.0.0.1:{peer.port}")
        self.socket.sendall(f"GET /api/realtime HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self.raw = b""
        while b"\n\n" not in self.raw:
            self.raw += self.socket.recv(65536)
        found = re.search(rb'"clientId":"(\w+)"', self.raw)
        assert found is not None, self.raw
        self.id = found.group(1).decode()

    def events(self) -> list[tuple[str, str]]:
        """Name and data of every event since the greeting, sorted; picked keys come in any order there."""
        body = b""
        rest = self.raw.partition(b"\r\n\r\n")[2]
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        found = re.findall(rb"id:(\w+)\nevent:([^\n]*)\ndata:([^\n]*)\n\n", body)
        assert all(client_id == self.id.encode() for client_id, _, _ in found)
        return sorted((name.decode(), json.dumps(json.loads(data), sort_keys=True)) for _, name, data in found[1:])


def ask(peer: Peer, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """A request that succeeds; its answer as JSON."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
    answer = peer.ask(Call(method, path, headers, json.dumps(body).encode() if body is not None else None))
    assert answer.status in (200, 204), (peer.name, method, path, answer.status, answer.body)
    return answer.json() if answer.body else None


def prepare(peer: Peer) -> dict[str, str]:
    """Users and collections; the tokens of whoever listens."""
    admin = peer.tokens["admin"]
    tokens = {"guest": "", "admin": admin}
    for name, verified in (("Ada", True), ("Ben", False)):
        word = {"password": "1234567890", "passwordConfirm": "1234567890"}
        known = {"id": f"{name.lower()}000000000000", "email": f"{name}@example.com", "name": name}
        body = known | word | {"verified": verified}
        ask(peer, "POST", "/api/collections/users/records", body, admin)
        login = {"identity": f"{name}@example.com", "password": "1234567890"}
        tokens[name] = ask(peer, "POST", "/api/collections/users/auth-with-password", login)["token"]
    ask(peer, "PATCH", "/api/collections/users", {"viewRule": "name != 'Ben'"}, admin)
    for number, rule in enumerate(RULES):
        body = {"name": f"r{number}", "type": "base", "fields": FIELDS, "listRule": rule, "viewRule": rule}
        ask(peer, "POST", "/api/collections", body, admin)
    return tokens


def write(peer: Peer) -> None:
    """The same changes in every collection."""
    admin = peer.tokens["admin"]
    for number in range(len(RULES)):
        records = f"/api/collections/r{number}/records"
        first = {"id": FIRST, "title": "Ada", "n": 1, "owner": "ada000000000000", "data": {"b": [1, 2.5], "a": "<&>"}}
        ask(peer, "POST", records, first, admin)
        ask(peer, "PATCH", f"{records}/{FIRST}", {"title": "b", "n": 5, "hid": "h"}, admin)
        second = {"id": SECOND, "n": 9, "tags": ["a", "b"], "owner": "ben000000000000"}
        ask(peer, "POST", records, second, admin)
        ask(peer, "PATCH", f"{records}/{SECOND}", {"owner": "", "title": "über\nb"}, admin)
        ask(peer, "DELETE", f"{records}/{FIRST}", token=admin)


def listen(listeners: list[Listener]) -> None:
    """Read all streams until they are quiet."""
    by_socket = {listener.socket: listener for listener in listeners}
    quiet_at = time.monotonic() + QUIET_S
    while time.monotonic() < quiet_at:
        ready, _, _ = select.select(list(by_socket), [], [], 0.1)
        for one in ready:
            by_socket[one].raw += one.recv(1 << 20)
            quiet_at = time.monotonic() + QUIET_S


def heard(peer: Peer) -> dict[str, list[tuple[str, str]]]:
    """What everybody hears of the changes."""
    tokens = prepare(peer)
    ids = {f"r{n}": ask(peer, "GET", f"/api/collections/r{n}", token=tokens["admin"])["id"] for n in range(len(RULES))}
    wanted = [topic for name, collection_id in ids.items() for topic in topics(name, collection_id)]
    listeners = {name: Listener(peer) for name in tokens}
    for name, listener in listeners.items():
        body = {"clientId": listener.id, "subscriptions": wanted}
        ask(peer, "POST", "/api/realtime", body, tokens[name])
    write(peer)
    listen(list(listeners.values()))
    found = {name: listener.events() for name, listener in listeners.items()}
    for listener in listeners.values():
        listener.socket.close()
    return found


def test_subscribers_hear_the_same(template: RealTemplate, pbe_server: PbeServer) -> None:
    """Every event of every topic, for a guest, two users and a superuser, to the last value."""
    with template.peer() as real, pbe_server.peer() as ours:
        expected, got = heard(real), heard(ours)
    differences = []
    for name, events in expected.items():
        missing, extra = set(events) - set(got[name]), set(got[name]) - set(events)
        differences += [f"{name} misses {event}" for event in sorted(missing)]
        differences += [f"{name} hears {event}" for event in sorted(extra)]
        assert len(events) == len(set(events))
    assert sum(map(len, expected.values())) > 2000
    assert not differences, "\n".join([f"{len(differences)} differences", *differences[:40]])


def test_a_stream_stays_a_stream(template: RealTemplate, pbe_server: PbeServer) -> None:
    """The head of a stream is the same on both."""
    heads = []
    with template.peer() as real, pbe_server.peer() as ours:
        for peer in (real, ours):
            connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=10)
            connection.request("GET", "/api/realtime", headers={**peer.fixed_headers, "Origin": "http://a.b"})
            response = connection.getresponse()
            heads.append({name.lower(): value for name, value in response.getheaders() if name.lower() != "date"})
            response.close()
            connection.close()
    assert heads[0] == heads[1]

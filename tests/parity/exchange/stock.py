"""A pb_data made by the stock binary: ten collections of all field types, a thousand records, files, users."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.parity.harness.exchange import Answer, Call, Peer, multipart
from tests.parity.harness.servers import free_port, pocketbase_binary, running

AT = "/api/collections"
PASSWORD = "secret-of-user"
RECORDS_PER_BATCH = 50
USERS = 20
#: What every sign-in of the test itself changes.
SIGN_INS = ("_superusers", "_authOrigins")
ROWS = (("tags", 50), ("authors", 100), ("posts", 300), ("types", 420), ("places", 50), ("blobs", 80))
FILES = 12
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


@contextlib.contextmanager
def serving(data: Path) -> Iterator[Peer]:
    """The stock server on this pb_data."""
    port = free_port()
    command = [pocketbase_binary(), "serve", f"--http=127.0.0.1:{port}", f"--dir={data}"]
    with (
        running(command, port, data.parent / "stock.log"),
        contextlib.closing(Peer("real", port, {"Host": f"127.0.0.1:{port}"})) as peer,
    ):
        yield peer


def ask(peer: Peer, method: str, target: str, body: Any = None, *, token: str = "", status: int = 200) -> Any:
    """The decoded answer; AssertionError where the status is another."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
    answer = peer.ask(Call(method, target, headers, None if body is None else json.dumps(body).encode()))
    assert answer.status == status, (method, target, answer.status, answer.body[:500])
    return answer.json() if answer.body else None


def signed_in(peer: Peer, collection: str, identity: str, password: str) -> str:
    """A token."""
    target = f"{AT}/{collection}/auth-with-password"
    return str(ask(peer, "POST", target, {"identity": identity, "password": password})["token"])


def fill(peer: Peer, token: str) -> None:
    """Make everything by the API."""
    ask(peer, "PATCH", "/api/settings", {"batch": {"enabled": True, "maxRequests": 50}}, token=token)
    ids: dict[str, str] = {}
    for made in collections():
        for field in made.get("fields", []):
            if field.get("collectionId") in ids:
                field["collectionId"] = ids[field["collectionId"]]
        ids[made["name"]] = ask(peer, "POST", AT, made, token=token)["id"]
    for name, number in ROWS:
        _rows(peer, token, name, number)
    _users(peer, token)
    for number in range(FILES):
        parts = [{"name": "title", "value": f"file {number}"}]
        parts += [
            {"name": "many", "filename": f"a {at}.png", "content": PICTURE.decode("latin-1"), "type": "image/png"}
            for at in range(1 + number % 3)
        ]
        parts.append({"name": "one", "filename": "text.txt", "content": f"text {number}", "type": "text/plain"})
        kind, body = multipart(parts)
        answer = peer.ask(
            Call("POST", f"{AT}/attachments/records", {"Content-Type": kind, "Authorization": token}, body)
        )
        assert answer.status == 200, answer.body


def collections() -> list[dict[str, Any]]:
    """Ten of them beside the system's; `collectionId` holds the name of the other one."""
    title = {"type": "text", "name": "title"}
    return [
        {
            "name": "tags",
            "listRule": "",
            "fields": [{**title, "min": 1}],
            "indexes": ["CREATE UNIQUE INDEX t ON tags (title)"],
        },
        {
            "name": "authors",
            "fields": [title, {"type": "relation", "name": "tags", "collectionId": "tags", "maxSelect": 9}],
        },
        {
            "name": "posts",
            "viewRule": "author.title != ''",
            "fields": [
                title,
                {"type": "editor", "name": "body"},
                {"type": "bool", "name": "seen"},
                {
                    "type": "relation",
                    "name": "author",
                    "collectionId": "authors",
                    "maxSelect": 1,
                    "cascadeDelete": True,
                },
                {"type": "autodate", "name": "created", "onCreate": True},
                {"type": "autodate", "name": "updated", "onCreate": True, "onUpdate": True},
            ],
        },
        {
            "name": "types",
            "fields": [
                title,
                {"type": "number", "name": "n"},
                {"type": "number", "name": "whole", "onlyInt": True},
                {"type": "bool", "name": "ok"},
                {"type": "email", "name": "mail"},
                {"type": "url", "name": "link"},
                {"type": "date", "name": "day"},
                {"type": "json", "name": "data"},
                {"type": "select", "name": "one", "values": ["a", "b"]},
                {"type": "select", "name": "many", "values": ["a", "b", "c"], "maxSelect": 3},
                {"type": "geoPoint", "name": "place"},
                {"type": "password", "name": "secret", "cost": 4},
                {"type": "editor", "name": "html"},
            ],
        },
        {"name": "places", "fields": [{"type": "geoPoint", "name": "at"}]},
        {"name": "blobs", "fields": [{"type": "json", "name": "data"}]},
        {
            "name": "attachments",
            "listRule": "",
            "viewRule": "",
            "fields": [
                title,
                {"type": "file", "name": "one", "maxSelect": 1},
                {"type": "file", "name": "many", "maxSelect": 5, "thumbs": ["8x8"]},
            ],
        },
        {"name": "people", "type": "auth", "listRule": "", "fields": [{"type": "text", "name": "nick"}]},
        {
            "name": "seen_posts",
            "type": "view",
            "listRule": "",
            "viewQuery": "SELECT id, title, author FROM posts WHERE seen = true",
        },
        {
            "name": "counts",
            "type": "view",
            "viewQuery": "SELECT author AS id, count(id) AS total FROM posts WHERE author != '' GROUP BY author",
        },
    ]


def _row(name: str, number: int) -> dict[str, Any]:
    key = f"{name[:5]:x<5}{number:010d}".lower()
    if name == "tags":
        return {"id": key, "title": f"tag {number}"}
    if name == "authors":
        return {"id": key, "title": f"author {number}", "tags": [f"tagsx{at:010d}" for at in range(number % 4)]}
    if name == "posts":
        author = f"autho{number % 90:010d}" if number % 7 else ""
        return {
            "id": key,
            "title": f"post {number}",
            "body": f"<p>{number}</p>",
            "seen": number % 2 == 0,
            "author": author,
        }
    if name == "places":
        return {"id": key, "at": {"lon": number - 25.5, "lat": number / 3}}
    if name == "blobs":
        return {"id": key, "data": [None, number, f"{number}", {"n": [number, None]}, "", [], number / 7][number % 7]}
    return {
        "id": key,
        "title": f"ü{number}",
        "n": number / 8,
        "whole": number - 200,
        "ok": number % 3 == 0,
        "mail": f"m{number}@example.com",
        "link": f"https://example.com/{number}",
        "day": f"20{number % 60 + 10}-03-04 05:06:07.089Z",
        "data": {"b": number, "a": [1.5, None]},
        "one": "ab"[number % 2],
        "many": ["a", "b", "c"][: number % 4],
        "place": {"lon": number % 180, "lat": -(number % 90)},
        "secret": "hidden-" + str(number) if number < 20 else "",
        "html": "<b>&amp;</b>",
    }


def _rows(peer: Peer, token: str, name: str, number: int) -> None:
    for start in range(0, number, RECORDS_PER_BATCH):
        requests = [
            {"method": "POST", "url": f"{AT}/{name}/records", "body": _row(name, at)}
            for at in range(start, min(start + RECORDS_PER_BATCH, number))
        ]
        ask(peer, "POST", "/api/batch", {"requests": requests}, token=token)


def _users(peer: Peer, token: str) -> None:
    for number in range(USERS):
        for collection in ("users", "people"):
            body = {
                "email": f"u{number}@example.com",
                "password": PASSWORD,
                "passwordConfirm": PASSWORD,
                "verified": number % 2 == 0,
            }
            ask(peer, "POST", f"{AT}/{collection}/records", body, token=token)


def everything(peer: Peer, token: str) -> dict[str, Any]:
    """All that the API tells a superuser: collections, settings, every record of each, every uploaded file."""
    found: dict[str, Any] = {"settings": ask(peer, "GET", "/api/settings", token=token)}
    made = ask(peer, "GET", f"{AT}?perPage=200&sort=name", token=token)["items"]
    found["collections"] = made
    for entry in made:
        if entry["name"] not in SIGN_INS:
            found[entry["name"]] = _all_records(peer, token, entry["name"])
    for record in found["attachments"]:
        for name in [record["one"], *record["many"]]:
            key = f"/api/files/attachments/{record['id']}/{name}"
            answer: Answer = peer.ask(Call("GET", key))
            assert answer.status == 200, key
            found[key] = (answer.headers["content-type"], answer.body)
    return found


def _all_records(peer: Peer, token: str, name: str) -> list[Any]:
    items: list[Any] = []
    page = 1
    while True:
        answer = ask(peer, "GET", f"{AT}/{name}/records?perPage=500&sort=id&page={page}", token=token)
        items += answer["items"]
        if page >= answer["totalPages"]:
            return items
        page += 1

"""Tokens with every part changed: nobody becomes anybody by them, and nothing stalls or falls."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.tenant.test_realtime import create, rules, user, world
from tests.kit.event_stream import EventClient
from tests.kit.tenant_site import World
from tests.kit.web_socket import SocketClient

__all__ = ["world"]


def encode(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(part: str) -> Any:
    """What a part says."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def forged(token: str, other: str) -> Iterator[str]:
    """`token` with one thing changed at a time; `other` is a valid token of another record."""
    head, body, signature = token.split(".")
    claims = decode(body)
    strangers = [None, True, 0, -1, 1.5, 2**70, "", "x", "\0", "a" * 5000, [], {}, [1], {"$gt": ""}]
    for name in [*claims, "collectionId", "type", "exp", "iat", "nbf", "nosuch"]:
        for value in [*strangers, *decode(other.split(".")[1]).values()]:
            if claims.get(name, strangers) != value:
                yield ".".join((head, encode({**claims, name: value}), signature))
        yield ".".join((head, encode({key: value for key, value in claims.items() if key != name}), signature))
    for header in (
        {"alg": "none"},
        {"alg": "None", "typ": "JWT"},
        {"alg": "HS512", "typ": "JWT"},
        {"alg": 5},
        {},
        [],
        None,
    ):
        yield ".".join((encode(header), body, signature))
        yield ".".join((encode(header), body, ""))
    for key in (b"", b"secret", signature.encode(), claims["id"].encode(), claims["collectionId"].encode()):
        mac = hmac.new(key, f"{head}.{body}".encode(), hashlib.sha256).digest()
        yield ".".join((head, body, encode(mac)))
    other_head, other_body, other_signature = other.split(".")
    yield ".".join((head, other_body, signature))
    yield ".".join((head, body, other_signature))
    yield from (body, "", ".", "..", "...", "a.b.c", f"{token}.", f"{token}.x", f".{token}", token[:-1], token[1:])
    yield from (token.replace(".", "\u2024"), token.upper(), token[: len(token) // 2], "é" * 50, "a" * 20_000)
    yield from (
        f"{head}.{body}.{signature[:at]}{'A' if signature[at] != 'A' else 'B'}{signature[at + 1 :]}" for at in range(20)
    )
    yield f"{other_head}.{encode(b'not json')}.{signature}"
    yield f"{head}.{encode(b'[' * 100_000)}.{signature}"


def test_no_changed_token_opens_anything(world: World) -> None:
    """Each is a guest's: for superusers' pages, for a record's own, and for the rules of lists."""
    _, ann = user(world, "ann")
    rules(world, listRule="@request.auth.id != ''")
    create(world)
    root = world.login()
    assert world.ask("GET", "/api/collections", authorization=root).status == 200
    count = 0
    for token in [*forged(root, ann), *forged(ann, root)]:
        if not token.isascii():
            continue
        count += 1
        for said in (token, f"Bearer {token}"):
            assert world.ask("GET", "/api/collections", authorization=said).status == 401, token
            listed = world.ask("GET", "/api/collections/posts/records", authorization=said)
            assert (listed.status, listed.json["totalItems"]) == (200, 0), token
    assert count > 300


@pytest.mark.parametrize("whose", ["root", "ann"])
def test_no_changed_token_hears_anything(world: World, whose: str) -> None:
    """Neither by server-sent events nor by WebSocket; the connections stay those of guests."""
    _, ann = user(world, "ann")
    rules(world, listRule="@request.auth.id != ''")
    token, other = (world.login(), ann) if whose == "root" else (ann, world.login())
    stream, web = EventClient(world), SocketClient(world)
    web.say(type="subscribe", topics=["posts/*"])
    for number, bad in enumerate(forged(token, other)):
        if bad.isascii():
            assert stream.subscribe("posts/*", token=bad) == 204
        if number % 5 == 0:
            assert [one["type"] for one in web.say(type="auth", token=bad)] == ["error"]
    create(world)
    assert stream.events() == []
    assert web.events() == []
    assert web.say(type="auth", token=token) == [{"type": "authenticated"}]
    create(world)
    assert len(web.events()) == 1

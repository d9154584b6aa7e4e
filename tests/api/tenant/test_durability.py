from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.api.tenant.durability import Durability
from pbe.errors import BadRequest, OutcomeUnknown
from pbe.web.headers import Headers
from pbe.web.request import Request
from pbe.web.response import Response
from tests.kit.replication_world import TENANT, Node, World


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node that serves a table."""
    node = World(tmp_path).node()
    node.load()
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    node.world.clock.advance(1)
    return node


def request(method: str, target: str, **headers: str) -> Request:
    """A request for the tenant."""
    raw = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    made = Request(method, target.encode(), Headers(raw))
    made.tenant_id = TENANT
    return made


def ask(node: Node, asked: Request) -> "Deferred[Response]":
    """The answer; a write inserts a row."""

    async def inner(_: Request) -> Response:
        await node.start_write("INSERT INTO t VALUES (NULL, 'x')")
        return Response(200)

    async def load(_: str) -> None:
        return None

    gate = Durability(lambda _, name: node.replicas.get(name), load)
    coroutine: Coroutine[Any, Any, Response] = gate.handle(asked, inner)
    return Deferred.fromCoroutine(coroutine)


def test_a_write_names_its_transaction(node: Node) -> None:
    """The header has the txid that will carry it, and waiting for that txid ends when it is in the store."""
    answer: Response = node.world.finish(ask(node, request("POST", "/api/x")))
    txid = answer.header(b"X-PBE-Txid")
    assert txid == b"%016x" % (node.replicas["data.db"].position.txid + 1)
    waiting = ask(node, request("GET", f"/api/replication/wait?txid={txid.decode()}"))
    assert not waiting.called
    node.world.clock.advance(0.3)
    assert b'"txid":"' + txid + b'"' in node.world.finish(waiting).body


def test_a_write_may_ask_to_be_held(node: Node) -> None:
    """With the header the answer comes when the row is in the store, though the tenant is in async mode."""
    before = node.replicas["data.db"].position.txid
    node.world.finish(ask(node, request("POST", "/api/x", X_PBE_Durability="sync")), advance_s=0.001, steps=5)
    position = node.replicas["data.db"].position
    assert (position.txid, position.pending) == (before + 1, before + 1)


def test_reads_pass_untouched(node: Node) -> None:
    """A GET has no header of ours."""
    answer: Response = node.world.finish(ask(node, request("GET", "/api/x")))
    assert answer.header(b"X-PBE-Txid") is None


def test_waiting_has_an_end(node: Node) -> None:
    """A transaction that never comes is not waited for longer than asked."""
    with pytest.raises(OutcomeUnknown):
        node.world.finish(ask(node, request("GET", "/api/replication/wait?txid=ffff&timeout=1")))


@pytest.mark.parametrize("query", ["", "txid=", "txid=xyz", "txid=-1", "txid=1&timeout=999", "txid=1&db=other.db"])
def test_nonsense_is_refused(node: Node, query: str) -> None:
    """A query that means nothing is the client's mistake."""
    with pytest.raises(BadRequest):
        node.world.finish(ask(node, request("GET", f"/api/replication/wait?{query}")))


def test_an_unknown_mode_is_refused_before_the_write(node: Node) -> None:
    """Nothing is written under a header that nobody understands."""
    rows = node.rows()
    with pytest.raises(BadRequest):
        node.world.finish(ask(node, request("POST", "/api/x", X_PBE_Durability="maybe")))
    assert node.rows() == rows

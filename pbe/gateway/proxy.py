"""Carries one request to a node and its answer back, streaming both ways."""

from collections.abc import AsyncIterator

from twisted.internet.defer import Deferred

from pbe.client.answer import ClientAnswer
from pbe.client.connection import ClientConnection
from pbe.client.errors import BadAnswer, NoAnswer, NotAsked
from pbe.client.pool import REPEATABLE, ClientPool
from pbe.errors import OutcomeUnknown, Unavailable
from pbe.gateway.heads import downstream_headers, upstream_head
from pbe.gateway.proof import Proofs
from pbe.gateway.tunnel import join
from pbe.routing.table import Route
from pbe.web.request import Request
from pbe.web.response import Response, Takeover, status_line

REPLAY_BYTES_MAX = 64 * 1024


class Misdirected(Exception):
    """The node answered 421: it does not have the tenant. `replayable`: the request can be sent to another."""

    def __init__(self, *, replayable: bool) -> None:
        super().__init__("421")
        self.replayable = replayable


class RequestBody:
    """The client's body toward a node. What was sent is remembered up to REPLAY_BYTES_MAX, for another node."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._sent: list[bytes] = []
        self._size = 0
        self._begun = False

    @property
    def replayable(self) -> bool:
        """Whether it can be sent from the start again."""
        return self._size <= REPLAY_BYTES_MAX

    def outgoing(self) -> bytes | AsyncIterator[bytes] | None:
        """The body for one attempt: bytes where it is there and small, else an iterator that follows the client."""
        reader = self._request.reader
        if reader.length == 0:
            return None
        return self._pieces()

    async def whole_if_small(self) -> bytes | None:
        """All of it where it arrived already and needs no stream."""
        reader = self._request.reader
        if self._begun or not reader.complete or reader.length is None or reader.length > REPLAY_BYTES_MAX:
            return None
        return await self._request.body(REPLAY_BYTES_MAX)

    async def _pieces(self) -> AsyncIterator[bytes]:
        self._begun = True
        chunked = self._request.reader.length is None
        for piece in list(self._sent):
            yield _chunk(piece) if chunked else piece
        async for piece in self._request.stream():
            self._size += len(piece)
            if self._size <= REPLAY_BYTES_MAX:
                self._sent.append(piece)
            else:
                self._sent.clear()
            yield _chunk(piece) if chunked else piece
        if chunked:
            yield b"0\r\n\r\n"


class Proxy:
    """Asks nodes over a pool of kept connections."""

    def __init__(self, pool: ClientPool, proofs: Proofs) -> None:
        self._pool = pool
        self._proofs = proofs

    async def carry(self, request: Request, body: RequestBody, route: Route) -> Response:
        """The node's answer.

        Raises `NotAsked` where it was not reached, `Misdirected` where it has the tenant no more, `OutcomeUnknown` or
        `Unavailable` where it broke off.
        """
        head = upstream_head(request, self._proofs.of(route.tenant_id), route.tenant_id)
        if request.upgrade:
            return await self._carry_upgrade(request, head, route.address)
        outgoing = await body.whole_if_small() or body.outgoing()
        asking = Deferred.fromCoroutine(self._pool.ask(route.address, request.method, head, outgoing))
        request.on_close(asking.cancel)
        try:
            answer = await asking
        except (NoAnswer, BadAnswer) as error:
            if request.method in REPEATABLE:
                raise Unavailable(cause=str(error)) from error
            raise OutcomeUnknown(cause=str(error)) from error
        if answer.status == 421:
            answer.close()
            raise Misdirected(replayable=body.replayable)
        return await _response(request, answer)

    async def _carry_upgrade(self, request: Request, head: bytes, address: str) -> Response:
        """An upgrade is always asked over a connection of its own, which the client's joins on a 101."""
        connection: ClientConnection = await self._pool.connection(address, fresh=True)
        asking = Deferred.fromCoroutine(connection.ask(request.method, head, None))
        request.on_close(asking.cancel)
        try:
            answer = await asking
        except (NoAnswer, BadAnswer) as error:
            raise Unavailable(cause=str(error)) from error
        if answer.status == 421:
            answer.close()
            raise Misdirected(replayable=True)
        if answer.status != 101:
            return await _response(request, answer)
        client_end, node_end = join()
        connection.take_over(node_end)
        lines = [status_line(101)]
        for name, value in answer.headers:
            lines += (name, b": ", value, b"\r\n")
        lines.append(b"\r\n")
        return Takeover(client_end, head=b"".join(lines))


async def _response(request: Request, answer: ClientAnswer) -> Response:
    headers = downstream_headers(answer.headers)
    if answer.body.complete:
        body = await answer.body.whole(2**31)
        return Response(answer.status, headers, body)
    request.on_close(answer.close)
    return Response(answer.status, headers, _pieces(answer))


async def _pieces(answer: ClientAnswer) -> AsyncIterator[bytes]:
    try:
        while piece := await answer.body.read():
            yield piece
    finally:
        answer.close()


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


__all__ = ["REPLAY_BYTES_MAX", "Misdirected", "NotAsked", "Proxy", "RequestBody"]

"""What a client can know of where its writes are, and ask for.

* every answer to a write names the transaction that carries it: ``X-PBE-Txid``, 16 hex digits, of data.db;
* ``X-PBE-Durability: sync`` on a write holds the answer until it is in the object store, whatever the tenant's mode;
* ``GET /api/replication/wait?txid=…`` answers once that transaction is in the store. It never makes it go faster.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from pbe.errors import BadRequest
from pbe.replication.position import txid_text
from pbe.replication.replica import Replica
from pbe.tenant.tenant import DATABASES
from pbe.web.request import Request
from pbe.web.response import Response, json_bytes

WAIT_PATH = "/api/replication/wait"
TXID_HEADER = b"X-PBE-Txid"
DURABILITY_HEADER = "X-PBE-Durability"
WAIT_S = 10
WAIT_S_MAX = 60
MAIN = "data.db"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Inner = Callable[[Request], Awaitable[Response]]


class Durability:
    """Stands around a node's tenants. replica(tenant, database) is None where it is not loaded; `load` loads it."""

    def __init__(self, replica: Callable[[str, str], Replica | None], load: Callable[[str], Awaitable[Any]]) -> None:
        self._replica = replica
        self._load = load

    async def handle(self, request: Request, inner: Inner) -> Response:
        """The answer of `inner`, or that of the one endpoint of its own."""
        if request.path == WAIT_PATH and request.method == "GET":
            return await self._wait(request)
        if request.method not in _WRITES:
            return await inner(request)
        mode = request.headers.get(DURABILITY_HEADER)
        if mode not in ("", "sync", "async"):
            raise BadRequest(f"{DURABILITY_HEADER} is sync or async")
        response = await inner(request)
        tenant_id = request.tenant_id or ""
        if mode == "sync" and response.status < 400:
            for name in DATABASES:
                replica = self._replica(tenant_id, name)
                if replica is not None:
                    await replica.durable()
        main = self._replica(tenant_id, MAIN)
        if main is not None and response.status < 400:
            response.headers.append((TXID_HEADER, txid_text(main.position.pending).encode()))
        return response

    async def _wait(self, request: Request) -> Response:
        """`GET /api/replication/wait`."""
        name = request.query_value("db") or MAIN
        txid = _number(request.query_value("txid"), 16, "txid", (1 << 64) - 1)
        wait_s = _number(request.query_value("timeout") or str(WAIT_S), 10, "timeout", WAIT_S_MAX)
        if name not in DATABASES:
            raise BadRequest(f"db is one of {', '.join(DATABASES)}")
        tenant_id = request.tenant_id or ""
        await self._load(tenant_id)
        replica = self._replica(tenant_id, name)
        if replica is not None:
            await replica.wait(txid, wait_s)
            txid = replica.position.txid
        return json_bytes(orjson.dumps({"db": name, "txid": txid_text(txid)}))


def _number(text: str, base: int, name: str, most: int) -> int:
    """A number of a query; BadRequest for anything else."""
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if not 0 <= number <= most:
        raise BadRequest(f"{name} has to be a number, at most {most}")
    return number

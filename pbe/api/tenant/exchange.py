"""``/api/pbe/export`` and ``/api/pbe/import``: the whole tenant as the zip of a stock pb_data; for superusers."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pbe.api.tenant.caller import auth_of, require_superuser
from pbe.api.tenant.route import Route
from pbe.errors import BadRequest
from pbe.tenant import backup, exchange
from pbe.tenant.record_json import dumps
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, json_bytes

PIECE_BYTES = 1 << 18
ARCHIVE_BYTES_MAX = 64 * 1024**3


def routes() -> list[Route]:
    """The two routes."""
    return [
        Route("GET", "/api/pbe/export", export_tenant, guard=require_superuser),
        Route("POST", "/api/pbe/import", import_tenant, guard=require_superuser, body_bytes_max=ARCHIVE_BYTES_MAX),
    ]


async def export_tenant(request: Request, tenant: Tenant) -> Response:
    """The zip. With `without_me=1` the superuser who asks is left out of it."""
    auth = auth_of(request)
    mine = auth.id if auth is not None and request.query_value("without_me") == "1" else ""
    with ExitStack() as stack:
        folder = stack.enter_context(backup.temporary(tenant))
        path = await exchange.export_into(tenant, folder, without_superuser=mine)
        size = path.stat().st_size
        held = stack.pop_all()
    headers = [
        (b"Content-Type", b"application/zip"),
        (b"Content-Length", str(size).encode()),
        (b"Content-Disposition", b'attachment; filename="pb_data.zip"'),
    ]
    return Response(200, headers, _pieces(tenant, path, held))


async def _pieces(tenant: Tenant, path: Path, held: ExitStack) -> AsyncIterator[bytes]:
    """The file, read on workers; its folder goes with the last piece, or when the client goes."""
    with held, path.open("rb") as file:
        while piece := await tenant.workers.run(file.read, PIECE_BYTES):
            yield piece


async def import_tenant(request: Request, tenant: Tenant) -> Response:
    """Make the tenant what the zip in the body holds; the answer counts what came in."""
    with backup.temporary(tenant) as folder:
        path = await _received(request, tenant, folder / "upload.zip")
        came = await exchange.import_from(tenant, path, folder)
    shown: dict[str, Any] = {
        "collections": came.collections,
        "records": came.records,
        "files": came.files,
        "backups": came.backups,
    }
    return json_bytes(dumps(shown))


async def _received(request: Request, tenant: Tenant, path: Path) -> Path:
    received = 0
    with path.open("wb") as file:
        async for piece in request.stream():
            received += len(piece)
            if received > ARCHIVE_BYTES_MAX:
                raise BadRequest("The zip is too large.")
            await tenant.workers.run(file.write, piece)
    if not received:
        raise BadRequest("The body must be the zip of a pb_data.")
    return path

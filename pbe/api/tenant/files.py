"""``/api/files``: downloads of stored files, and the short-lived tokens that open protected ones."""

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import require_auth
from pbe.api.tenant.file_content import serve
from pbe.api.tenant.request_info import info_of
from pbe.api.tenant.route import Route
from pbe.errors import NotFound, ObjectMissing
from pbe.tenant.auth_token import issue
from pbe.tenant.file_download import FileDownloadEvent, FileTokenEvent, choose, locate, origin
from pbe.tenant.pipeline import Event
from pbe.tenant.tenant import Tenant
from pbe.tenant.token import FILE
from pbe.tenant.unit import Unit
from pbe.web.request import Request
from pbe.web.response import Response

EMBEDDABLE = "embeddable"
"""The request's note that its answer may be shown in a frame of another site."""


def routes() -> list[Route]:
    """The two routes."""
    return [
        Route("POST", "/api/files/token", file_token, guard=_signed_in),
        Route("GET", "/api/files/{collection}/{recordId}/{filename}", download, labels=("file",)),
    ]


def _signed_in(request: Request, tenant: Tenant) -> None:
    require_auth(request, tenant)


async def file_token(request: Request, tenant: Tenant) -> Response:
    """A file token of whoever calls."""
    auth = require_auth(request, tenant)
    event = FileTokenEvent(await info_of(request), auth, issue(tenant, auth, FILE))
    answers: list[Response] = []

    async def act(_: Event) -> None:
        answers.append(answer(request, {"token": event.token}))

    await tenant.pipeline.trigger(event, act)
    return answers[0] if answers else Response(200)


async def download(request: Request, tenant: Tenant) -> Response:
    """A file of a record, or a thumb of it; whatever keeps it from being served is a 404."""
    params = request.params
    collection = tenant.catalog.collection(params["collection"])
    if collection is None or tenant.files is None:
        raise NotFound
    unit, name, info = Unit(tenant), params["filename"], await info_of(request)
    record, field = await locate(unit, info, collection, params["recordId"], name, request.query_value("token"))
    owner = await origin(unit, record, field, name)
    path = f"{owner.collection.id}/{owner.id}/{name}"
    event = FileDownloadEvent(info, record, field, path, name)
    files = tenant.files
    answers: list[Response] = []

    async def act(_: Event) -> None:
        try:
            stored = await files.open(event.served_path)
        except ObjectMissing as error:
            raise NotFound(cause=str(error)) from error
        answers.append(await serve(request, stored, event.served_name, tenant.workers))

    try:
        await choose(files, event, request.query_value("thumb"))
    except ObjectMissing as error:
        raise NotFound(cause=str(error)) from error
    request.notes[EMBEDDABLE] = True
    await tenant.pipeline.trigger(event, act)
    return answers[0] if answers else Response(200)

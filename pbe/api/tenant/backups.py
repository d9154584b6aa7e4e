"""``/api/backups``: list, create, upload, download, delete, restore."""

import re
import shutil
from pathlib import Path

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import real_ip, require_superuser
from pbe.api.tenant.file_content import serve
from pbe.api.tenant.form import read_form, refuse
from pbe.api.tenant.route import Route, limit_of
from pbe.errors import BadRequest, Forbidden, NotFound, PayloadTooLarge, PbeError, StoreError, field_error
from pbe.schema import rules
from pbe.tenant import backup, mime
from pbe.tenant.addresses import is_listed
from pbe.tenant.auth_token import find_by_token
from pbe.tenant.backup_store import KIND, BackupStore
from pbe.tenant.file_store import StoredFile
from pbe.tenant.tenant import Tenant
from pbe.tenant.token import FILE, TokenInvalid
from pbe.tenant.unit import Unit
from pbe.tenant.upload import stored_name
from pbe.web.bodies import read_bound
from pbe.web.request import Request
from pbe.web.response import Response, no_content
from pbe.web.upload import UploadedFile

PATH = "/api/backups"
NAME_BYTES_MAX = 150
UPLOAD_BYTES_MAX = 16 * 1024**3
RESTORE_DELAY_S = 1.0
_NAME = re.compile(r"[a-z0-9_-]+\.zip")
_DENIED = "Insufficient permissions to access the resource."


def routes() -> list[Route]:
    """The six routes; a download is authorized by a file token, since a browser sends no header with it."""
    return [
        Route("GET", PATH, list_backups, require_superuser),
        Route("POST", PATH, create_backup, require_superuser),
        Route("POST", f"{PATH}/upload", upload_backup, require_superuser, body_bytes_max=UPLOAD_BYTES_MAX),
        Route("GET", f"{PATH}/{{key}}", download_backup),
        Route("DELETE", f"{PATH}/{{key}}", delete_backup, require_superuser),
        Route("POST", f"{PATH}/{{key}}/restore", restore_backup, require_superuser),
    ]


async def list_backups(request: Request, tenant: Tenant) -> Response:
    """All backups by name."""
    try:
        found = await (await BackupStore.of(tenant)).list()
    except StoreError as error:
        raise BadRequest(f"Failed to retrieve backup items. Raw error: \n{error.hint}", cause=str(error)) from error
    items = [{"modified": backup.modified(one.modified_ms), "key": one.key, "size": one.size} for one in found]
    return answer(request, items)


async def create_backup(request: Request, tenant: Tenant) -> Response:
    """204: the backup is made and stored."""
    if tenant.backup is not None:
        raise BadRequest(backup.BUSY)
    form = await read_form(request, {"name": ""}, own_words=True)
    name = form["name"]
    error = rules.first(name, rules.length(1, NAME_BYTES_MAX), rules.matches(_NAME.fullmatch))
    if error is None and name and await (await BackupStore.of(tenant)).exists(name):
        error = field_error("validation_backup_name_exists", "The backup file name is invalid or already exists.")
    refuse(rules.gather(name=error))
    try:
        await backup.make(tenant, name)
    except BadRequest:
        raise
    except (PbeError, OSError) as failed:
        raise BadRequest("Failed to create backup.", cause=str(failed)) from failed
    return no_content()


async def upload_backup(request: Request, tenant: Tenant) -> Response:
    """204: a zip from elsewhere is among the backups. What it holds is looked at when it is restored."""
    store = await BackupStore.of(tenant)
    file = await _uploaded(request)
    refuse(rules.gather(file=await _file_error(tenant, store, file)))
    if file is not None:
        with backup.temporary(tenant) as folder:
            path = await tenant.workers.run(_write, file, folder / "upload.zip")
            try:
                await store.put(file.filename, path)
            except StoreError as error:
                raise BadRequest("Failed to upload backup.", cause=str(error)) from error
    return no_content()


async def download_backup(request: Request, tenant: Tenant) -> Response:
    """The zip, for who has a superuser's file token."""
    try:
        record = await find_by_token(Unit(tenant), request.query_value("token"), FILE)
    except TokenInvalid as error:
        raise Forbidden(_DENIED, cause=str(error)) from error
    allowed = tenant.settings.superuser_ips
    if not record.is_superuser or (allowed and not is_listed(real_ip(request, tenant), allowed)):
        raise Forbidden(_DENIED)
    store = await BackupStore.of(tenant)
    key = request.params["key"]
    info = await store.head(key)
    if info is None:
        raise NotFound
    path = await store.fetch(tenant, info, key)
    stored = StoredFile(path, info.size, KIND, info.modified_ms // 1000)
    response = await serve(request, stored, key.replace('"', "'"), tenant.workers)
    response.headers = [pair for pair in response.headers if pair[0] != b"Etag"]
    return response


async def delete_backup(request: Request, tenant: Tenant) -> Response:
    """204: the backup is gone."""
    key = request.params["key"]
    if tenant.backup == key:
        raise BadRequest("The backup is currently being used and cannot be deleted.")
    store = await BackupStore.of(tenant)
    if not await store.exists(key):
        raise BadRequest(f"Invalid or already deleted backup file. Raw error: \n[key: {key}] resource not found")
    await store.delete(key)
    return no_content()


async def restore_backup(request: Request, tenant: Tenant) -> Response:
    """204: the tenant will be what it was, a moment from now. How that goes is for the log."""
    if tenant.backup is not None:
        raise BadRequest(backup.BUSY)
    key = request.params["key"]
    if not await (await BackupStore.of(tenant)).exists(key):
        raise BadRequest("Missing or invalid backup file.")
    tenant.clock.callLater(
        RESTORE_DELAY_S, tenant.background.start, backup.restore(tenant, key), "Failed to restore backup"
    )
    return no_content()


async def _uploaded(request: Request) -> UploadedFile | None:
    try:
        bound = await read_bound(request, limit_of(request))
    except (BadRequest, PayloadTooLarge):
        return None
    files = bound.files.get("file")
    return files[0] if files else None


async def _file_error(tenant: Tenant, store: BackupStore, file: UploadedFile | None) -> dict[str, object] | None:
    if file is None:
        return rules.REQUIRED
    kind = mime.sniff(file.head)
    if not mime.same(kind, KIND):
        name = stored_name(file.filename, kind, tenant.services.random_bytes)
        return field_error("validation_invalid_mime_type", f'"{name}" mime type must be one of: {KIND}.')
    if not file.filename or len(file.filename.encode()) > NAME_BYTES_MAX or await store.exists(file.filename):
        return field_error("validation_backup_name_exists", "Backup file with the specified name already exists.")
    return None


def _write(file: UploadedFile, path: Path) -> Path:
    with path.open("wb") as target:
        shutil.copyfileobj(file.open(), target, 1 << 20)
    return path

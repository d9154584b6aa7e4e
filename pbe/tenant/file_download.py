"""Which stored file a client gets: the record's, under its view rule where the field is protected, or a thumb of it."""

from pbe.errors import NotFound, ObjectMissing, WorldError
from pbe.query.errors import FilterError
from pbe.query.select import BASE
from pbe.query.sql import column, fill, json_each
from pbe.query.sql import name as quoted
from pbe.schema.collection import Collection
from pbe.schema.field_file import FileField
from pbe.schema.view_query import ViewError, suggest
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant import thumb
from pbe.tenant.auth_token import find_by_token
from pbe.tenant.file_store import FileStore
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_read import find, matches
from pbe.tenant.request_info import PROTECTED_FILE, RequestInfo
from pbe.tenant.token import FILE, TokenInvalid
from pbe.tenant.unit import Unit

VIEW_DEPTH_MAX = 5


class FileDownloadEvent(Event):
    """A file is about to be served, ``onFileDownloadRequest``: hooks may change what and under which name.

    thumb_error: why no thumb is served although one was asked for.
    """

    __slots__ = ("collection", "field", "info", "record", "served_name", "served_path", "thumb_error")

    def __init__(self, info: RequestInfo, record: Record, field: FileField, path: str, name: str) -> None:
        super().__init__("onFileDownloadRequest", record.tags)
        self.info = info
        self.collection = record.collection
        self.record = record
        self.field = field
        self.served_path = path
        self.served_name = name
        self.thumb_error: Exception | None = None


class FileTokenEvent(Event):
    """A file token is about to be given out, ``onFileTokenRequest``."""

    __slots__ = ("info", "record", "token")

    def __init__(self, info: RequestInfo, record: Record, token: str) -> None:
        super().__init__("onFileTokenRequest", record.tags)
        self.info = info
        self.record = record
        self.token = token


async def locate(
    unit: Unit, info: RequestInfo, collection: Collection, record_id: str, file_name: str, token: str
) -> tuple[Record, FileField]:
    """The record and field of a file that whoever asks may read; `NotFound` for every other.

    token: a file token, which alone says who asks for a protected file.
    """
    record = await find(unit, collection, record_id) if record_id else None
    field = field_of(record, file_name) if record is not None else None
    if record is None or field is None:
        raise NotFound
    if field.protected and not await _may_read(unit, info.within(PROTECTED_FILE), record, token):
        raise NotFound(cause="insufficient permissions to access the file")
    return record, field


def field_of(record: Record, file_name: str) -> FileField | None:
    """The field that names the file."""
    for field in record.collection.fields:
        if isinstance(field, FileField) and file_name in field.items(record.get(field.name)):
            return field
    return None


async def _may_read(unit: Unit, info: RequestInfo, record: Record, token: str) -> bool:
    try:
        info.auth = await find_by_token(unit, token, FILE) if token else None
    except TokenInvalid:
        info.auth = None
    rule = record.collection.view_rule
    if info.is_superuser or rule == "":
        return True
    if rule is None:
        return False
    try:
        return await matches(unit, record.collection, record.id, rule, info)
    except (FilterError, SqlError):
        return False


async def choose(files: FileStore, event: FileDownloadEvent, thumb_size: str) -> None:
    """Have `event` name the thumb that is asked for, made if need be; it names the original where there can be none.

    Raises `ObjectMissing` where there is no original either.
    """
    if not thumb_size:
        return
    if thumb_size != thumb.SIZE_DEFAULT and thumb_size not in event.field.thumbs:
        event.thumb_error = thumb.ThumbError("make a thumb", thumb_size, hint="the field has no such size")
        return
    folder, _, name = event.served_path.rpartition("/")
    served = f"{thumb_size}_{name}"
    key = f"{folder}/thumbs_{name}/{served}"
    try:
        await files.thumb(key, event.served_path, thumb_size)
    except ObjectMissing:
        raise
    except (thumb.ThumbError, WorldError) as error:
        event.thumb_error = error
    else:
        event.served_path, event.served_name = key, served


async def origin(unit: Unit, record: Record, field: FileField, file_name: str) -> Record:
    """The record whose folder the file is in: that of a view's first real collection, else `record` itself."""
    collection, name = record.collection, field.name
    for _ in range(VIEW_DEPTH_MAX):
        if not collection.is_view:
            break
        source = _source(unit, collection, name)
        if source is None:
            raise NotFound(cause="the view's file has no known origin")
        collection, name = source
    if collection is record.collection:
        return record
    found = await _owner(unit, collection, name, file_name)
    if found is None:
        raise NotFound(cause="no record of the view's origin names the file")
    return found


def _source(unit: Unit, view: Collection, name: str) -> tuple[Collection, str] | None:
    """The collection and field that a view's field is taken from."""
    try:
        suggestion = suggest(view.view_query, unit.tenant.catalog.exactly_named, lambda: "").get(name)
    except ViewError:
        return None
    if suggestion is None or suggestion.collection is None or suggestion.original is None:
        return None
    return suggestion.collection, suggestion.original.name


async def _owner(unit: Unit, collection: Collection, name: str, file_name: str) -> Record | None:
    field = collection.field(name)
    if collection.is_view or not isinstance(field, FileField):
        return None
    where = column(BASE, name)
    if field.multiple:
        where = fill("EXISTS (SELECT 1 FROM {each} je WHERE je.value = ?)", {"each": json_each(where)})
        sql = f"SELECT {BASE}.id FROM {quoted(collection.name)} {BASE} WHERE {where.text} LIMIT 1"
    else:
        sql = f"SELECT {BASE}.id FROM {quoted(collection.name)} {BASE} WHERE {where.text} = ? LIMIT 1"
    rows = await unit.query(sql, (*where.params, file_name))
    return await find(unit, collection, str(rows[0][0])) if rows else None

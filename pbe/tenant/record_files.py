"""The files of records: stored before their record is, and deleted after it is gone.

A file that no record names is waste, a record that names no file is damage: so new files are stored first and deleted
again where the record was not written, and old ones are deleted only after the commit.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from pbe.errors import Unavailable
from pbe.schema.field_file import FileField, Upload
from pbe.tenant.record import Record
from pbe.tenant.record_shape import shape_of
from pbe.tenant.tenant import Tenant


class RecordFiles(Protocol):
    """Where files are: the object store, behind a cache. Keys are ``collectionId/recordId/name``."""

    async def put(self, key: str, upload: Any) -> None:
        """Store an uploaded file; it is there once this returns."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete files, thumbs of theirs too."""

    async def delete_record(self, prefix: str) -> None:
        """Delete all files under ``collectionId/recordId/``."""


def has_uploads(record: Record) -> bool:
    """Whether the record has files that are not stored yet."""
    return any(_uploads(record, field) for field in _file_fields(record))


def key_of(record: Record, file_name: str) -> str:
    """A file's key."""
    return f"{record.collection.id}/{record.stored_id or record.id}/{file_name}"


async def store(tenant: Tenant, record: Record) -> None:
    """Store the record's uploads. Where one fails, those before it are deleted.

    The values stay uploads, since they are validated again, until `named`.
    """
    try:
        for field in _file_fields(record):
            for upload in _uploads(record, field):
                await _files(tenant).put(key_of(record, upload.name), upload)
                record.uploaded.append(upload.name)
    except BaseException:
        await dropped(tenant, record)
        raise


def named(record: Record) -> None:
    """The row is about to be written: from here on only names are left of stored uploads."""
    if record.uploaded:
        for field in _file_fields(record):
            record.put(field.name, field.to_json(record.get(field.name)))


async def kept(tenant: Tenant, record: Record) -> None:
    """The record was written: delete the files that it no longer names."""
    record.uploaded = []
    if _file_fields(record):
        await _delete(tenant, record, _names(record, original=True) - _names(record, original=False))


async def dropped(tenant: Tenant, record: Record) -> None:
    """The record was not written: delete the files that were stored for it."""
    stored, record.uploaded = record.uploaded, []
    await _delete(tenant, record, set(stored))


async def removed(tenant: Tenant, record: Record) -> None:
    """The record was deleted: delete its files."""
    if _file_fields(record) and _names(record, original=True):
        await _files(tenant).delete_record(f"{record.collection.id}/{record.stored_id}/")


async def _delete(tenant: Tenant, record: Record, names: set[str]) -> None:
    if names:
        await _files(tenant).delete([key_of(record, name) for name in sorted(names)])


def _file_fields(record: Record) -> tuple[FileField, ...]:
    return shape_of(record.collection).files


def _uploads(record: Record, field: FileField) -> list[Upload]:
    """Those of the field's files that are not stored yet."""
    found = [item for item in field.items(record.get(field.name)) if isinstance(item, Upload)]
    return [upload for upload in found if upload.name not in record.uploaded]


def _names(record: Record, *, original: bool) -> set[str]:
    found: set[str] = set()
    for field in _file_fields(record):
        value = record.original.get(field.name) if original else record.get(field.name)
        found.update(item for item in field.items(value) if isinstance(item, str))
    return found


def _files(tenant: Tenant) -> RecordFiles:
    if tenant.files is None:
        raise Unavailable(cause="this node has no store for files")
    return tenant.files

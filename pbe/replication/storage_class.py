"""Which class of storage a tenant's snapshot belongs in. Pure.

By the tenant's state, never by an object's age: a living tenant's old files are part of its newest state. Infrequent
access bills 128 KB and 30 days for any object, deep archive 180 days and hours of waiting.
"""

from __future__ import annotations

IA_BYTES_MIN = 128 * 1024
IDLE_DAYS_MIN = 30
ARCHIVE_BYTES_MIN = 40 * 1024


def storage_class(status: str, size: int, idle_days: float) -> str:
    """S3's name of the class for one compact object of `size` bytes of a tenant in `status`."""
    if status in ("archived", "deleted") and size >= ARCHIVE_BYTES_MIN:
        return "DEEP_ARCHIVE"
    if status in ("idle", "evicted", "archived", "deleted") and idle_days >= IDLE_DAYS_MIN and size >= IA_BYTES_MIN:
        return "STANDARD_IA"
    return "STANDARD"

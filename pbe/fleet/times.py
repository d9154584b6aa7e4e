"""Milliseconds since the epoch as RFC 3339 text, and back. No clock: both only translate."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(ms: int) -> str:
    """`2026-01-31T12:00:00.000Z`."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def milliseconds(text: str) -> int:
    """The inverse of `rfc3339`; raises ValueError for other text, gives 0 for the empty one."""
    if not text:
        return 0
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)

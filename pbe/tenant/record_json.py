"""Records as JSON bytes."""

from typing import Any

import orjson

from pbe._fast import jsoncheck
from pbe.schema.field_json import JsonText


def dumps(value: Any) -> bytes:
    """JSON of what `Record.export` gives: JSON fields are put in as they are stored."""
    return orjson.dumps(value, default=_raw, option=orjson.OPT_PASSTHROUGH_SUBCLASS)


def _raw(value: Any) -> Any:
    if isinstance(value, JsonText):
        # Raw SQL can have put anything there: the answer has to be JSON all the same.
        text = value.encode("utf-8", "replace")
        return orjson.Fragment(text) if jsoncheck.is_json(text, jsoncheck.ANY) else str(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def plain(value: Any) -> Any:
    """The same value with JSON fields parsed: what a picker of fields can look into."""
    if isinstance(value, JsonText):
        try:
            return orjson.loads(str(value))
        except orjson.JSONDecodeError:
            return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def list_bytes(items: bytes, page: int, per_page: int, total: int, pages: int) -> bytes:
    """The answer of a list whose items are JSON already, with commas between them."""
    return b'{"items":[%b],"page":%d,"perPage":%d,"totalItems":%d,"totalPages":%d}' % (
        items,
        page,
        per_page,
        total,
        pages,
    )

"""What the state remembers of requests, so that one sent twice is applied once."""

from collections import deque
from typing import Any

import msgspec

from pbe.fleet import records
from pbe.fleet.records import Record, Remembered
from pbe.fleet.rejected import Rejected
from pbe.fleet.state import State
from pbe.fleet.tables import encode

REQUESTS_REMEMBERED_MAX = 16_384
REFUSED = "!"
_KINDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        records.Admin,
        records.Audit,
        records.Code,
        records.Node,
        records.PendingSuperuser,
        records.Placement,
        records.QuotaRequest,
        records.Tenant,
        records.User,
    )
}


class Requests:
    """Outcomes by request id, the oldest forgotten first; lives in the state's table `requests`."""

    def __init__(self, state: State, remembered_max: int = REQUESTS_REMEMBERED_MAX) -> None:
        self._state = state
        self._max = remembered_max
        rows = state.requests.rows
        self._order = deque(sorted(rows, key=lambda key: rows[key].sequence))
        self._sequence = rows[self._order[-1]].sequence if rows else 0

    def recall(self, request_id: str, tag: str) -> tuple[bool, Any]:
        """(True, the outcome) when the request was applied before; a refusal is an outcome too, as a `Rejected`."""
        known = self._state.requests.get(request_id) if request_id else None
        if known is None:
            return False, None
        if known.tag != tag:
            return True, Rejected("", "request_id_reused", f"This request id belongs to a {known.tag}", "conflict")
        return True, unpack(known.kind, known.data)

    def remember(self, request_id: str, tag: str, outcome: Any) -> None:
        """Keep the outcome; without an id there is nothing to keep."""
        if not request_id:
            return
        while len(self._order) >= self._max:
            self._state.note(self._state.requests, self._order.popleft(), None)
        self._sequence += 1
        kind, data = pack(outcome)
        self._state.note(self._state.requests, request_id, Remembered(self._sequence, tag, kind, data))
        self._order.append(request_id)


def pack(outcome: Any) -> tuple[str, bytes]:
    """The outcome as (kind, bytes)."""
    if isinstance(outcome, Rejected):
        return REFUSED, encode((outcome.field, outcome.code, outcome.message, outcome.kind))
    if isinstance(outcome, Record):
        return type(outcome).__name__, encode(outcome)
    return "", encode(outcome)


def unpack(kind: str, data: bytes) -> Any:
    """The inverse of `pack`."""
    if kind == REFUSED:
        return Rejected(*msgspec.msgpack.decode(data, type=tuple[str, str, str, str]))
    if kind:
        return msgspec.msgpack.decode(data, type=_KINDS[kind])
    return msgspec.msgpack.decode(data)

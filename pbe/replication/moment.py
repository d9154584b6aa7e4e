"""A moment in a replica's history, as an operator names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pbe.errors import BadRequest

_TXID = re.compile(r"(?:txid:)?([0-9a-f]{1,16})")


@dataclass(frozen=True, slots=True)
class Moment:
    """Either a transaction, inclusive, or a time: everything flushed strictly before it (ms since the epoch)."""

    txid: int | None = None
    before_ms: int | None = None

    @classmethod
    def parse(cls, text: str) -> Moment:
        """`2026-11-24T10:30:00Z` (UTC where no zone is given) or a txid in hex, as litestream prints it."""
        match = _TXID.fullmatch(text.strip())
        if match is not None and int(match[1], 16) > 0:
            return cls(txid=int(match[1], 16))
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise BadRequest(f"{text!r} is neither a time like 2026-11-24T10:30:00Z nor a txid") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return cls(before_ms=round(moment.timestamp() * 1000))

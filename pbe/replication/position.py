"""Where a replica stands, as the heartbeat and the API tell it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """txid: the newest transaction in the store; pending: the one that will carry what is committed now (the same where
    nothing waits); lag_s: for how long the oldest commit that is not in the store has waited; sum: the database's
    checksum at txid, "" where it is not known; state: live, fenced or detached.
    """

    txid: int
    pending: int
    epoch: int
    lag_s: float
    backlog_bytes: int
    sum: str
    state: str


def txid_text(txid: int) -> str:
    """A txid as headers and litestream print it."""
    return f"{txid:016x}"

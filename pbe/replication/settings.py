"""The replicator's numbers, each with its name and unit."""

from __future__ import annotations

from dataclasses import dataclass, field

from pbe.pages.retention import Window

MODES = ("async", "sync")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may change; the defaults are what the documents promise.

    flush_s_min: from the first unshipped commit to its flush; a database that is written to without a pause for
    `busy_s` has it doubled, up to flush_s_max. backlog_bytes_max: of the log that waits for the store, after which
    writes are refused. confirm_s: after so long without a successful append the lease is read before the next.
    """

    flush_s_min: float = 0.25
    flush_s_max: float = 0.8
    busy_s: float = 60.0
    tick_s: float = 0.025
    checkpoint_pages: int = 1000
    log_bytes_max: int = 64 << 20
    backlog_bytes_max: int = 256 << 20
    uploads_max: int = 48
    retry_s_min: float = 0.1
    retry_s_max: float = 10.0
    put_s_max: float = 45.0
    durable_s_max: float = 10.0
    attach_s_max: float = 20.0
    confirm_s: float = 60.0
    snapshot_s: float = 86400.0
    snapshot_bytes_min: int = 1 << 20
    merge_bytes_max: int = 64 << 20
    recent_bytes_max: int = 32 << 20
    range_bytes: int = 8 << 20
    fetch_bytes_max: int = 64 << 20
    fetches_max: int = 24
    window: Window = field(default_factory=Window)

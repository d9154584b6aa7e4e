"""The times and limits of a member that are neither the core's nor anybody's own."""

import msgspec


class Tuning(msgspec.Struct, frozen=True):
    """How a member works. Saves are made inline while their 99th percentile is below `inline_save_s_max`."""

    tick_s: float = 0.05
    announce_s: float = 0.005
    checkpoint_s: float = 1.0
    stall_ticks: int = 10
    inline_save_s_max: float = 0.001
    saves_measured: int = 100
    log_entries_kept: int = 10_000
    log_bytes_kept_max: int = 32 * 1024 * 1024
    hint_stagger_s: float = 0.02
    snapshot_items_max: int = 2000

"""What members say to each other, and what the core hands to its driver."""

import enum

import msgspec

from pbe.raft.config import Config
from pbe.raft.entries import Entry


class Kind(enum.IntEnum):
    """The kinds of message; the numbers are on the wire and may never change."""

    APPEND = 1  # leader → member: entries behind (index, log_term); commit
    APPEND_REPLY = 2  # member → leader: index = its match, or reject with hint and hint_term
    HEARTBEAT = 3  # leader → member: commit (at most what the member has), context = round of reads
    HEARTBEAT_REPLY = 4  # member → leader: context
    VOTE = 5  # candidate → voter: its last (index, log_term); force = by transfer
    VOTE_REPLY = 6
    PRE_VOTE = 7  # as VOTE, for the term after the sender's
    PRE_VOTE_REPLY = 8
    SNAPSHOT = 9  # leader → member: snapshot's meta; the driver carries its pieces
    READ_INDEX = 10  # member → leader: context
    READ_INDEX_REPLY = 11  # leader → member: context, index to have applied
    TIMEOUT_NOW = 12  # leader → member: campaign at once (transfer)


class SnapshotMeta(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a snapshot replaces the log up to, and the configuration there."""

    index: int
    term: int
    config: Config


class HardState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What must be on disk before a promise is given: term and vote ("" = none). `commit` is only a help at start."""

    term: int = 0
    vote: str = ""
    commit: int = 0


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message; which fields a kind uses is said at `Kind`. `term` 0 never occurs on the wire."""

    kind: Kind
    to: str
    sender: str
    term: int
    index: int = 0
    log_term: int = 0
    commit: int = 0
    entries: tuple[Entry, ...] = ()
    reject: bool = False
    hint: int = 0
    hint_term: int = 0
    context: int = 0
    force: bool = False
    snapshot: SnapshotMeta | None = None


class Ready(msgspec.Struct, frozen=True, gc=False):
    """What the driver has to do, in this order, before `advance`.

    1 send `messages`; 2 save `snapshot` (it replaces the log), `entries` (they replace what the log has from the first
    one's index on) and `hard_state`, and sync when `must_sync`; 3 send `promises`; 4 apply `committed`; 5 answer
    `reads` once `applied` has reached their index, fail `lost_reads`.
    """

    messages: list[Message]
    promises: list[Message]
    hard_state: HardState | None
    entries: list[Entry]
    snapshot: SnapshotMeta | None
    committed: list[Entry]
    reads: list[tuple[int, int]]
    lost_reads: list[int]
    must_sync: bool

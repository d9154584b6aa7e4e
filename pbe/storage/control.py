"""What a member of the control plane keeps on its disk, and the interface that every keeper of it has."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from pbe.errors import DiskError
from pbe.raft import Config, Entry, HardState


class ControlDamaged(DiskError):
    """The control plane's own files say something that cannot be true; names the exact key."""

    recoverable = False


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """Up to where the log is in the stored state: index, term, the configuration there, and the fleet's own meta."""

    index: int = 0
    term: int = 0
    config: Config = Config()
    meta: bytes = b""


class Loaded(msgspec.Struct, frozen=True):
    """Everything that a member starts from.

    offset: (index, term) that the log begins after. entries: whole and in order; when the disk had a broken one, those
    before it, `damaged` names its key and `recover_to` is the last index that this member may have promised: until its
    log reaches that again from its peers it must not vote.
    """

    member: str
    hard: HardState
    offset: tuple[int, int]
    entries: Sequence[Entry]
    checkpoint: Checkpoint
    records: Sequence[tuple[str, str, bytes]]
    recover_to: int = 0
    damaged: str = ""


class ControlStore(Protocol):
    """A member's disk. One call at a time; each is done as a whole or raises DiskError."""

    def load(self) -> Loaded:
        """Read everything, once, at the start."""

    def claim(self, member: str) -> None:
        """Write whose disk this is; raises ControlDamaged when it is another member's."""

    def save(self, hard: HardState, entries: Sequence[Entry]) -> None:
        """Put the entries into the log(in place of what follows), and the hard state; sync."""

    def checkpoint(
        self, checkpoint: Checkpoint, changes: Iterable[tuple[str, str, bytes | None]], offset: tuple[int, int]
    ) -> None:
        """Write changed records (None = removed) and forget the log up to `offset`, in one synced step."""

    def install(
        self, hard: HardState, checkpoint: Checkpoint, records: Iterable[tuple[str, str, bytes]], recover_to: int = 0
    ) -> None:
        """Replace everything by a snapshot, in one synced step."""

    def recovered(self) -> None:
        """The log reaches `recover_to` again."""

    def close(self) -> None:
        """Let go of the files."""

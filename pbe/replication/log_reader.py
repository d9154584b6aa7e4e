"""Follows a database's write-ahead log through its restarts.

Theory of operation. SQLite restarts a log (new salts, frames from the front again) when a checkpoint has copied all of
it and the next transaction begins; what was not read by then is gone from the log. Only the replicator checkpoints, so
it knows when a restart is possible, and before each transaction that could bring one it seals the log: it reads what
is unread, and notes the generation and where it ended. A log that has another generation than the position is read
from its front only if the position has reached the end of a seal of the old generation; otherwise frames were lost to
somebody else's checkpoint, and `LostFrames` asks for a comparison with the whole database.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pbe.errors import DiskError, WorldError
from pbe.pages.wal import HEADER_BYTES, Tail, WalPosition, read_header, read_tail


class LostFrames(WorldError):
    """Part of a log was overwritten before it was read; the database itself is whole."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A generation of the log that has ended, or may end with the next transaction.

    start: where `data` begins; end: the offset of the last committed byte; data: what was unread, often nothing.
    """

    start: WalPosition
    end: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Piece:
    """A tail and the bytes it was found in."""

    start: WalPosition
    tail: Tail
    data: bytes


def log_path(path: str) -> str:
    """The log of the database at `path`."""
    return f"{path}-wal"


def read_log(path: str, position: WalPosition | None, frames: int = 0) -> tuple[WalPosition, bytes] | None:
    """(position, bytes from there on) of the log's present generation, or None where it has none yet.

    The position is the one given where it is of that generation, else the generation's start. frames: what the last
    commit left in the log, 0 where nobody knows: behind them a log that was restarted has megabytes of old frames.
    """
    try:
        with open(log_path(path), "rb", buffering=0) as file:
            start = read_header(os.pread(file.fileno(), HEADER_BYTES, 0))
            if start is None:
                return None
            if position is not None and start.same_generation(position):
                start = position
            end = HEADER_BYTES + frames * start.frame_bytes if frames else os.fstat(file.fileno()).st_size
            size = end - start.offset
            return start, os.pread(file.fileno(), size, start.offset) if size > 0 else b""
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DiskError("read a log", log_path(path), hint=str(error)) from error


def seal_log(path: str, position: WalPosition | None, frames: int) -> Seal | None:
    """A seal over the `frames` that the log has; called when no transaction is open. None for an empty log."""
    try:
        with open(log_path(path), "rb", buffering=0) as file:
            start = read_header(os.pread(file.fileno(), HEADER_BYTES, 0))
            if start is None:
                return None
            end = HEADER_BYTES + frames * start.frame_bytes
            if position is not None and start.same_generation(position):
                start = position
            data = os.pread(file.fileno(), end - start.offset, start.offset) if end > start.offset else b""
            return Seal(start, end, data)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DiskError("read a log", log_path(path), hint=str(error)) from error


def unread(
    path: str, position: WalPosition | None, seals: Sequence[Seal], frames: int = 0
) -> tuple[list[Piece], WalPosition | None]:
    """What was committed behind `position`, through all `seals` to the end of the log (`frames`, where that is not 0),
    and the position there.

    LostFrames where a generation ended beyond what can be read.
    """
    pieces: list[Piece] = []
    for seal in seals:
        if position is None or not seal.start.same_generation(position):
            start, data = seal.start, seal.data
        else:
            start, data = position, seal.data[position.offset - seal.start.offset :]
        position = _take(pieces, start, data)
        if position.offset < seal.end:
            raise LostFrames("read a log", path, hint=f"frames end at {position.offset}, not {seal.end}")
    found = read_log(path, position, frames)
    if found is None:
        if position is not None and not _is_sealed(position, seals):
            raise LostFrames("read a log", path, hint="the log is gone")
        return pieces, None
    start, data = found
    if position is not None and not start.same_generation(position) and not _is_sealed(position, seals):
        raise LostFrames("read a log", path, hint=f"restarted behind offset {position.offset}")
    return pieces, _take(pieces, start, data)


def _take(pieces: list[Piece], start: WalPosition, data: bytes) -> WalPosition:
    """Adds what `data` has committed to `pieces`; the position after it."""
    tail = read_tail(start, data)
    if tail.frames:
        pieces.append(Piece(start, tail, data))
    return tail.position


def _is_sealed(position: WalPosition, seals: Sequence[Seal]) -> bool:
    """Whether the generation of `position` is known to have ended where `position` is."""
    return any(seal.start.same_generation(position) and position.offset >= seal.end for seal in seals)

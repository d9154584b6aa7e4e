"""Consensus that decides and never acts."""

from pbe.raft.config import Change, Config, ConfigChange, bootstrap
from pbe.raft.core import Core
from pbe.raft.entries import CONFIG, NORMAL, BrokenFrame, Entry, make_entry, read_frame
from pbe.raft.messages import HardState, Kind, Message, Ready, SnapshotMeta
from pbe.raft.state import Settings

__all__ = [
    "CONFIG",
    "NORMAL",
    "BrokenFrame",
    "Change",
    "Config",
    "ConfigChange",
    "Core",
    "Entry",
    "HardState",
    "Kind",
    "Message",
    "Ready",
    "Settings",
    "SnapshotMeta",
    "bootstrap",
    "make_entry",
    "read_frame",
]

"""What all replicas of a node share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from pbe.objects.store import ObjectStore
from pbe.pages.ltx import Header
from pbe.pages.page_set import PageSet
from pbe.pages.restore_plan import LtxInfo
from pbe.pages.wal import WalPosition
from pbe.replication.settings import Settings
from pbe.replication.source import Runs
from pbe.replication.uploader import Uploader
from pbe.replication.wheel import Wheel


@dataclass(slots=True)
class Counters:
    """Since the node started, over all databases."""

    flushes: int = 0
    pages: int = 0
    bytes_shipped: int = 0
    compactions: int = 0
    snapshots: int = 0
    checkpoints: int = 0
    lost_frames: int = 0
    fenced: int = 0
    restores: int = 0
    verified: int = 0
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Services:
    """alert(sentence): something an operator has to know; fenced(tenant_id): drop the tenant, another node has it."""

    store: ObjectStore
    workers: Runs
    clock: IReactorTime
    now: Callable[[], float]
    node_id: str
    settings: Settings
    wheel: Wheel
    uploader: Uploader
    alert: Callable[[str], None]
    fenced: Callable[[str], None]
    counters: Counters = field(default_factory=Counters)


@dataclass(slots=True)
class Standing:
    """Where a database's chain and its local file stand when it is attached.

    txid 0: no chain yet. newest: the header of the newest file (of level 0, where there is one); position: from where
    the log has to be read, None for its front; apart: the file differs from the chain in ways the log does not tell;
    local: it was on disk already; current: and it was closed in order, so that nothing of ours is on the wire.
    """

    txid: int = 0
    newest: Header | None = None
    checksum: int = 0
    files: list[LtxInfo] = field(default_factory=list)
    pages: PageSet | None = None
    position: WalPosition | None = None
    apart: bool = False
    sealed: tuple[tuple[int, int, int], ...] = ()
    local: bool = False
    current: bool = False

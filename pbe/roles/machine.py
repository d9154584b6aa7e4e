"""What this machine has and how busy this process makes it, for heartbeats; Linux's own figures, no dependency."""

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_SELF = Path("/proc/self/statm")


class Machine:
    """Reads cheaply, since it is asked each second. folder: whose disk counts.

    cpu_usage: this process's share of one core since the last call, 0.0-1.0: a node is one process on one core.
    """

    def __init__(self, folder: Path, seconds: Callable[[], float], *, with_cpu: bool = True) -> None:
        self._folder = folder
        self._seconds = seconds
        self._with_cpu = with_cpu
        self._last = (seconds(), _cpu_s())

    def resources(self) -> dict[str, Any]:
        """The fields of the platform's Resources."""
        disk = os.statvfs(self._folder)
        return {
            "cpu_cores": os.cpu_count() or 1,
            "cpu_usage": self._cpu() if self._with_cpu else 0.0,
            "memory_total": _memory_total(),
            "memory_usage": _memory_used(),
            "disk_total": disk.f_blocks * disk.f_frsize,
            "disk_usage": (disk.f_blocks - disk.f_bavail) * disk.f_frsize,
        }

    def _cpu(self) -> float:
        at, used = self._last
        now, spent = self._seconds(), _cpu_s()
        if now <= at:
            return 0.0
        self._last = (now, spent)
        return round(min(max((spent - used) / (now - at), 0.0), 1.0), 3)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory_total() -> int:
    return os.sysconf("SC_PHYS_PAGES") * _PAGE_BYTES


def _memory_used() -> int:
    try:
        return int(_SELF.read_text().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

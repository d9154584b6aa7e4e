"""The small files that were shipped last, so that the first compaction need not fetch them back."""

from __future__ import annotations

from collections import OrderedDict

FILE_BYTES_MAX = 1 << 20


class RecentFiles:
    """At most `bytes_max` bytes over all databases of the node; the oldest go first."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._files: OrderedDict[str, tuple[bytes, str]] = OrderedDict()

    def put(self, key: str, data: bytes, total: str) -> None:
        """Remembers a file and the database's checksum after it."""
        if len(data) > FILE_BYTES_MAX:
            return
        self._files[key] = (data, total)
        self._bytes += len(data)
        while self._bytes > self._bytes_max:
            _, (gone, _) = self._files.popitem(last=False)
            self._bytes -= len(gone)

    def take(self, key: str) -> tuple[bytes, str] | None:
        """The file, which is then forgotten."""
        found = self._files.pop(key, None)
        if found is not None:
            self._bytes -= len(found[0])
        return found

"""What a replica's reader would have by now: one fingerprint for each page of the database.

It answers two questions without reading anything: is this page other than what was last shipped, and what is the sum
of the whole database. The sum is the exclusive or of all fingerprints, so it follows each page for a few instructions;
page numbers are part of a fingerprint, so pages that trade places change it. Eight bytes a page.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from pbe._fast import pagediff
from pbe.pages.ltx import lock_page

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PageSet:
    """Fingerprints of pages 1 to `len`, 0 where a page is not known yet."""

    __slots__ = ("_unknown", "page_size", "prints", "sum")

    def __init__(self, page_size: int, prints: array[int] | None = None) -> None:
        self.page_size = page_size
        self.prints = array("Q") if prints is None else prints
        self.sum = 0
        for value in self.prints:
            self.sum ^= value
        self._unknown = self.prints.count(0)

    def __len__(self) -> int:
        return len(self.prints)

    def fingerprints(self, data: Buffer, pgnos: array[int], offsets: array[int]) -> array[int]:
        """The fingerprints of the pages at `offsets` of `data`."""
        return pagediff.fingerprints(data, self.page_size, pgnos, offsets)

    def changed(self, pgnos: array[int], offsets: array[int], fresh: array[int]) -> tuple[array[int], array[int]]:
        """Of the pages offered, those that differ from what is known."""
        return pagediff.changed(pgnos, offsets, fresh, self.prints)

    def resize(self, commit: int) -> None:
        """Forgets pages behind `commit`; pages up to it that are new are unknown."""
        while len(self.prints) > commit:
            value = self.prints.pop()
            self.sum ^= value
            self._unknown -= value == 0
        grown = max(0, commit - len(self.prints))
        self.prints.extend([0] * grown)
        self._unknown += grown

    def apply(self, commit: int, pgnos: array[int], fresh: array[int]) -> None:
        """Takes over the pages of a transaction and the size it left; a page behind `commit` is ignored."""
        self.resize(commit)
        prints, total = self.prints, self.sum
        for pgno, value in zip(pgnos, fresh, strict=True):
            if pgno <= commit:
                before = prints[pgno - 1]
                total ^= before ^ value
                prints[pgno - 1] = value
                self._unknown -= before == 0
        self.sum = total

    def forget(self) -> None:
        """Every page is unknown from now on."""
        count = len(self.prints)
        self.resize(0)
        self.resize(count)

    @property
    def complete(self) -> bool:
        """Whether every page is known, the lock page aside."""
        return self._unknown == (1 if len(self.prints) >= lock_page(self.page_size) else 0)

    def missing(self) -> list[int]:
        """The pages that nobody has seen, the lock page aside."""
        lock = lock_page(self.page_size)
        return [index + 1 for index, value in enumerate(self.prints) if value == 0 and index + 1 != lock]

    def text(self) -> str:
        """The sum as object metadata has it."""
        return f"{self.sum:016x}"

"""The database file that a restore builds, newest pages first. Runs on a worker; one thread at a time."""

from __future__ import annotations

import os
from array import array
from pathlib import Path

from pbe._fast import ltxfile
from pbe.errors import DiskError
from pbe.pages.ltx import BrokenLtx, Header, check_pages, lock_page
from pbe.pages.page_set import PageSet

SPARE_SUFFIX = ".restore"
#: Decoded at a time: what comes out stays in the processor's cache until it is written.
SLICE_BYTES = 1 << 16


class RestoreTarget:
    """`path` as of `newest`, the header of the last file of the chain; files are laid in from the newest back.

    A page that a newer file has brought is not written again. Nothing is at `path` before `finish`.
    """

    def __init__(self, path: str, newest: Header) -> None:
        self._path = Path(path)
        self._spare = Path(path + SPARE_SUFFIX)
        self.page_size, self.commit = newest.page_size, newest.commit
        self._taken = bytearray(newest.commit + 1)
        self._lock = lock_page(newest.page_size)
        self.pages = PageSet(newest.page_size)
        self.pages.resize(newest.commit)
        self.bytes_written = 0
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._spare.open("wb", buffering=0)
        except OSError as error:
            raise DiskError("restore a database", str(self._spare), hint=str(error)) from error

    def abandon(self) -> None:
        """Leaves nothing behind."""
        self._file.close()
        self._spare.unlink(missing_ok=True)

    def lay(self, header: Header, pgnos: array[int], data: bytes) -> None:
        """Takes the pages that nobody newer has brought; `pgnos` ascend."""
        if header.page_size != self.page_size:
            raise BrokenLtx("restore a database", f"page size {header.page_size} in a database of {self.page_size}")
        size, taken = self.page_size, self._taken
        count = len(pgnos)
        while count and pgnos[count - 1] > self.commit:
            count -= 1
        if count < len(pgnos):
            pgnos, data = pgnos[:count], data[: count * size]
        if not count:
            return
        whole = pgnos[-1] - pgnos[0] + 1 == count and taken.find(1, pgnos[0], pgnos[-1] + 1) < 0
        if whole:
            places = array("Q", range(0, count * size, size))
            self._write(pgnos, places, data, pgnos[0])
            taken[pgnos[0] : pgnos[-1] + 1] = b"\1" * count
            return
        fresh = array("I"), array("Q")
        for index, pgno in enumerate(pgnos):
            if not taken[pgno]:
                taken[pgno] = 1
                fresh[0].append(pgno)
                fresh[1].append(index * size)
        self._write(*fresh, data, 0)

    def _write(self, pgnos: array[int], places: array[int], data: bytes, run: int) -> None:
        """Writes the pages at `places`; `run` is the first page where `data` is one run of pages."""
        size, descriptor = self.page_size, self._file.fileno()
        self.pages.apply(self.commit, pgnos, self.pages.fingerprints(data, pgnos, places))
        try:
            if run:
                _pwrite(descriptor, memoryview(data), (run - 1) * size)
            else:
                view = memoryview(data)
                for pgno, place in zip(pgnos, places, strict=True):
                    _pwrite(descriptor, view[place : place + size], (pgno - 1) * size)
        except OSError as error:
            raise DiskError("restore a database", str(self._spare), hint=str(error)) from error
        self.bytes_written += len(pgnos) * size

    def finish(self, expected_sum: str) -> None:
        """Syncs the file and moves it to its place, with no log beside it.

        BrokenLtx where a page is missing, or where the database has another checksum than the store noted ("" for
        none noted, as in replicas that stock Litestream wrote).
        """
        if not self.pages.complete:
            missing = self.pages.missing()
            raise BrokenLtx("restore a database", f"page {missing[0]} of {self.commit} is in no file")
        if expected_sum and expected_sum != self.pages.text():
            raise BrokenLtx("restore a database", f"checksum {self.pages.text()}, noted {expected_sum}")
        try:
            self._file.truncate(self.commit * self.page_size)
            os.fsync(self._file.fileno())
            self._file.close()
            for suffix in ("-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            self._spare.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise DiskError("restore a database", str(self._path), hint=str(error)) from error


def _pwrite(descriptor: int, data: memoryview, offset: int) -> None:
    """Writes all of `data`, however little the system takes at a time."""
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


class FileReader:
    """One LTX file on its way into a target, in chunks of any size. Runs on a worker."""

    def __init__(self, target: RestoreTarget) -> None:
        self._target = target
        self._decoder = ltxfile.Decoder()
        self._header: Header | None = None
        self._seen = array("I")

    def feed(self, chunk: bytes) -> None:
        """Lays in the pages that `chunk` completes."""
        view = memoryview(chunk)
        for at in range(0, len(view), SLICE_BYTES):
            try:
                pgnos, data = self._decoder.feed(view[at : at + SLICE_BYTES])
            except ValueError as error:
                raise BrokenLtx("read an LTX file", str(error)) from error
            if self._header is None and self._decoder.header:
                self._header = Header.unpack(self._decoder.header)
            if pgnos and self._header is not None:
                self._seen.extend(pgnos)
                self._target.lay(self._header, pgnos, data)

    def finish(self) -> None:
        """BrokenLtx unless the whole file was read and sums up."""
        try:
            self._decoder.finish()
        except ValueError as error:
            raise BrokenLtx("read an LTX file", str(error)) from error
        check_pages(Header.unpack(self._decoder.header), self._seen)

"""What a page costs when SQLite asks Python for it: whether a tenant could answer before its database is wholly here.

    python -m bench.lazy_wake [--rows 20000]

A database is read through apsw's VFS with every xRead passing through Python, and through SQLite's own VFS: CPU of a
cold scan and of warm point reads. Prints a hash of what was read, which has to be the same for both.
"""

import argparse
import hashlib
import tempfile
import time
from pathlib import Path
from typing import Any

import apsw

VFS_NAME = "pbe-lazy-bench"


class LazyFile(apsw.VFSFile):
    """A database file whose pages pass through Python."""

    reads = 0

    def xRead(self, amount: int, offset: int) -> bytes:
        """One page, as a page that is here already would be served."""
        LazyFile.reads += 1
        return super().xRead(amount, offset)


class LazyVfs(apsw.VFS):
    """SQLite's own VFS but for the main file."""

    def __init__(self) -> None:
        super().__init__(VFS_NAME, "", maxpathname=0)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        """The main database through Python, everything else as usual."""
        kind = LazyFile if flags[0] & apsw.SQLITE_OPEN_MAIN_DB else apsw.VFSFile
        return kind("", name, flags)


def measure(path: str, vfs: str | None, rows: int) -> dict[str, Any]:
    """CPU seconds of a cold scan and of 20,000 point reads, and a hash of what came."""
    connection = apsw.Connection(path, vfs=vfs)
    connection.pragma("cache_size", 200)
    start = time.process_time()
    digest = hashlib.sha256()
    for row in connection.execute("SELECT id, body FROM posts ORDER BY id"):
        digest.update(repr(row).encode())
    scan = time.process_time() - start
    start = time.process_time()
    for n in range(20_000):
        connection.execute("SELECT body FROM posts WHERE id = ?", (n * 7919 % rows,)).fetchall()
    points = time.process_time() - start
    connection.close()
    return {"scan": scan, "points": points, "hash": digest.hexdigest()[:12]}


def run(rows: int) -> dict[str, Any]:
    """Both ways, and microseconds of each page that passed through Python."""
    vfs = LazyVfs()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "a.db"))
        connection = apsw.Connection(path)
        connection.execute("CREATE TABLE posts(id INTEGER PRIMARY KEY, body TEXT)")
        with connection:
            connection.executemany("INSERT INTO posts VALUES (?, ?)", ((n, f"post {n} " * 60) for n in range(rows)))
        connection.close()
        stock = measure(path, None, rows)
        LazyFile.reads = 0
        lazy = measure(path, VFS_NAME, rows)
        reads = LazyFile.reads
    vfs.unregister()
    if stock["hash"] != lazy["hash"]:
        raise AssertionError("the two reads differ")
    extra = lazy["scan"] + lazy["points"] - stock["scan"] - stock["points"]
    return {"hash": stock["hash"], "stock": stock, "lazy": lazy, "reads": reads, "page_us": extra / max(1, reads) * 1e6}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    found = run(parser.parse_args().rows)
    print(f"hash {found['hash']}, {found['reads']} pages through Python, {found['page_us']:.2f} us more for each")
    for what in ("scan", "points"):
        print(f"{what}: stock {found['stock'][what]:.3f} s, lazy {found['lazy'][what]:.3f} s")


if __name__ == "__main__":
    main()

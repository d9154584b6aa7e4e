"""How fast LTX files are made, read and restored: the Cython leaf against its twin, in megabytes of pages a second.

    python -m bench.ltx [--mib 64]

The pages are those of a real database of mixed text and numbers. Prints a hash of what was read back.
"""

import argparse
import hashlib
import tempfile
from array import array
from pathlib import Path

import apsw

from bench.wal_read import speed
from pbe._fast import _crc64, _ltxfile, _lz4block, crc64_twin, ltxfile_twin
from pbe.pages.ltx import Header, snapshot_pages

PAGE = 4096


def make_pages(mib: int) -> bytes:
    """The file of a database of about `mib` MiB, as records of an application look."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.db")
        connection = apsw.Connection(str(path))
        connection.execute("CREATE TABLE posts(id TEXT PRIMARY KEY, title TEXT, body TEXT, views INT, created TEXT)")
        connection.execute("CREATE INDEX by_created ON posts(created)")
        with connection:
            for n in range(mib * 1100):
                word = hashlib.md5(str(n).encode(), usedforsecurity=False).hexdigest()
                body = f"{word} wrote a post about {word[:7]} and {word[9:15]}. " * (3 + n % 9)
                row = (word[:15], f"Post {n} {word}", body, n * 7919 % 100003, f"2026-11-24 10:{n % 60:02}:00.000Z")
                connection.execute("INSERT INTO posts VALUES (?, ?, ?, ?, ?)", row)
        connection.close()
        return path.read_bytes()


def encode(leaf: object, data: bytes, pgnos: "array[int]", offsets: "array[int]") -> bytes:
    """A whole snapshot."""
    header = Header(PAGE, len(pgnos), 1, 1, 0).pack()
    encoder = leaf.Encoder(header, PAGE)  # type: ignore[attr-defined]
    return b"".join((header, encoder.pages(data, pgnos, offsets), encoder.finish()))


def decode(leaf: object, file: bytes) -> bytes:
    """Its pages."""
    decoder = leaf.Decoder()  # type: ignore[attr-defined]
    pages = decoder.feed(file)[1]
    decoder.finish()
    return bytes(pages)


def run(mib: int, least_s: float = 1.0) -> dict[str, float]:
    """Measures; AssertionError where what is read back is not what was written."""
    data = make_pages(mib)
    pages = len(data) // PAGE
    pgnos, offsets = snapshot_pages(PAGE, 1, pages), array("Q", range(0, pages * PAGE, PAGE))
    file = encode(_ltxfile, data, pgnos, offsets)
    few = min(pages, 200)
    some = pgnos[:few], offsets[:few]
    part = encode(ltxfile_twin, data, *some)
    if decode(_ltxfile, file) != data or decode(_ltxfile, part) != data[: few * PAGE]:
        raise AssertionError("what is read back is not what was written")
    blocks = [data[at : at + PAGE] for at in range(0, few * PAGE, PAGE)]
    return {
        "hash": float(int(hashlib.sha256(data).hexdigest()[:12], 16)),
        "packed": len(file) / len(data),
        "encode": speed(lambda: encode(_ltxfile, data, pgnos, offsets), len(data), least_s) * 1000,
        "encode twin": speed(lambda: encode(ltxfile_twin, data, pgnos[:few], offsets[:few]), few * PAGE, least_s)
        * 1000,
        "decode": speed(lambda: decode(_ltxfile, file), len(data), least_s) * 1000,
        "decode twin": speed(lambda: decode(ltxfile_twin, part), few * PAGE, least_s) * 1000,
        "crc64": speed(lambda: _crc64.update(0, data), len(data), least_s) * 1000,
        "crc64 twin": speed(lambda: crc64_twin.update(0, blocks[0]), PAGE, least_s) * 1000,
        "lz4 by library": speed(lambda: _by_library(blocks), few * PAGE, least_s) * 1000,
        "lz4 by leaf": speed(lambda: [_lz4block.compress(block) for block in blocks], few * PAGE, least_s) * 1000,
    }


def _by_library(blocks: list[bytes]) -> None:
    import lz4.block

    for block in blocks:
        lz4.block.compress(block, store_size=False)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=64)
    found = run(parser.parse_args().mib)
    print(f"hash {int(found.pop('hash')):012x}, packed to {found.pop('packed'):.2f}")
    for name in ("encode", "decode", "crc64"):
        native, twin = found[name], found[f"{name} twin"]
        print(f"{name}: {native:.0f} MB/s, twin {twin:.1f} MB/s, {native / twin:.0f} times")
    print(f"LZ4 alone: leaf {found['lz4 by leaf']:.0f} MB/s, PyPI lz4 {found['lz4 by library']:.0f} MB/s")


if __name__ == "__main__":
    main()

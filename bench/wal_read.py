"""How fast a log is verified and its pages found: the Cython leaf against its twin, in gigabytes of log a second.

    python -m bench.wal_read [--mib 64]

Prints a hash of what was found, which has to be the same for both.
"""

import argparse
import hashlib
import struct
import time
from collections.abc import Callable
from types import ModuleType

from pbe._fast import _pagediff, _walframe, pagediff_twin, walframe_twin

PAGE = 4096
SALTS = (0x1234, 0x5678)


def make_log(frames: int) -> bytes:
    """Frames of a log, correctly summed, a commit every third."""
    out, s0, s1 = bytearray(), 0, 0
    for index in range(frames):
        page = hashlib.blake2b(struct.pack("<I", index), digest_size=64).digest() * (PAGE // 64)
        head = struct.pack(">II", index % 997 + 1, 1000 if index % 3 == 2 else 0)
        s0, s1 = _walframe.checksum(head + page, s0, s1, False)
        out += head + struct.pack(">4I", *SALTS, s0, s1) + page
    return bytes(out)


def speed(work: Callable[[], object], size: int, least_s: float) -> float:
    """Gigabytes for each second of CPU, of the best of several runs: what else the machine does hardly matters."""
    best, began = 0.0, time.perf_counter()
    while time.perf_counter() - began < least_s or not best:
        start = time.process_time()
        work()
        best = max(best, size / max(time.process_time() - start, 1e-9) / 1e9)
    return best


def run(mib: int, least_s: float = 1.0, twin_share: int = 64) -> dict[str, float]:
    """Measures both; the twin gets 1/twin_share of the log. AssertionError where they disagree."""
    log = make_log(max(9, (mib << 20) // (PAGE + 24)) // 3 * 3)
    small = log[: max(9, len(log) // twin_share // (PAGE + 24)) // 3 * 3 * (PAGE + 24)]
    found = [_digest(leaf, small) for leaf in (_walframe, walframe_twin)]
    if found[0] != found[1]:
        raise AssertionError(f"the leaf and its twin disagree: {found}")
    pages = sorted(_walframe.scan(log, PAGE, *SALTS, 0, 0, False)[4].items())
    from array import array

    pgnos, offsets = array("I", [pgno for pgno, _ in pages]), array("Q", [at for _, at in pages])
    diffed = len(pages) * PAGE
    return {
        "hash": float(int(found[0], 16)),
        "scan": speed(lambda: _walframe.scan(log, PAGE, *SALTS, 0, 0, False), len(log), least_s),
        "scan twin": speed(lambda: walframe_twin.scan(small, PAGE, *SALTS, 0, 0, False), len(small), least_s),
        "diff": speed(lambda: _pagediff.fingerprints(log, PAGE, pgnos, offsets), diffed, least_s),
        "diff twin": speed(
            lambda: pagediff_twin.fingerprints(log, PAGE, pgnos[:20], offsets[:20]), min(20, len(pages)) * PAGE, least_s
        ),
    }


def _digest(leaf: ModuleType, log: bytes) -> str:
    return hashlib.sha256(repr(leaf.scan(log, PAGE, *SALTS, 0, 0, False)).encode()).hexdigest()[:12]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=64)
    found = run(parser.parse_args().mib)
    print(f"hash {int(found.pop('hash')):012x}")
    for name in ("scan", "diff"):
        native, twin = found[name], found[f"{name} twin"]
        print(f"{name}: {native:.2f} GB/s, twin {twin:.4f} GB/s, {native / twin:.0f} times")


if __name__ == "__main__":
    main()

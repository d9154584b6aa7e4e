"""Runs scenario modules by hand: `python -m tests.parity [-k WORD] [-v] [--real-twice] [MODULE ...]`.

Prints each difference. --real-twice compares two real servers: what differs there is not stable in the real server
either, and a scenario that shows it cannot be asked of pbe.
"""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.parity.harness.exchange import Peer
from tests.parity.harness.servers import PbeServer, RealTemplate
from tests.parity.harness.world import load, modules, world


def run(
    name: str, template: RealTemplate, ours: Callable[[], AbstractContextManager[Peer]], word: str, every: bool
) -> tuple[int, int]:
    """(asked, differing) scenarios of one module."""
    module = load(name)
    asked = bad = 0
    with world(template, ours, module.SETUP) as made:
        for step in module.SCENARIOS:
            if word not in step["name"]:
                continue
            lines = made.compare(step)
            asked += 1
            bad += bool(lines)
            if lines or every:
                print(f"{'DIFF' if lines else 'same'} {name}: {step['name']}")
                print("".join(f"     {line}\n" for line in lines), end="", flush=True)
    return asked, bad


def main() -> int:
    """0 where nothing differs, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity")
    parser.add_argument("modules", nargs="*", default=modules())
    parser.add_argument("-k", dest="word", default="", help="only scenarios whose name has this (set-up runs whole)")
    parser.add_argument("-v", dest="verbose", action="store_true", help="name every scenario")
    parser.add_argument("--real-twice", action="store_true", help="compare the real server with itself")
    options = parser.parse_args()
    asked = bad = 0
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        template = RealTemplate(Path(folder))
        ours = template.peer if options.real_twice else stack.enter_context(PbeServer.start(Path(folder))).peer
        for name in options.modules:
            counted = run(name, template, ours, options.word, options.verbose)
            asked, bad = asked + counted[0], bad + counted[1]
    print(f"{asked} scenarios, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

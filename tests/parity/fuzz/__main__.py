"""Runs the fuzzer for as long as wanted: `python -m tests.parity.fuzz [--minutes N] [--seed N] [--keep-going]`.

Prints the first difference, shrunk, as the steps of a scenario. With --keep-going each difference is printed as it is
met, unshrunk, and the run goes on.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.parity.fuzz.changes import changes
from tests.parity.fuzz.compare import Pair
from tests.parity.fuzz.requests import case
from tests.parity.harness.scenario import Step
from tests.parity.harness.servers import RealTemplate

BATCH = 200
Cases = Callable[[], st.SearchStrategy[tuple[list[Step], list[Step]]]]


class Different(Exception):
    """The two servers answered differently."""


def shown(setup: list[Step], steps: list[Step], last: Step, lines: list[str]) -> str:
    """A case as the steps of a scenario module, up to the one that differs."""
    upto = steps[: steps.index(last) + 1] if last in steps else []
    listed = [json.dumps(step, ensure_ascii=False) for step in [*setup, *upto]]
    return "\n".join([*listed, *(f"  != {line}" for line in lines)])


def run(pair: Pair, number: int, *, keep_going: bool, examples: int = BATCH, cases: Cases = case) -> int:
    """Ask `examples` cases of the strategy that `cases()` gives; the number of differences met.

    Raises `Different` with the shrunk one unless keep_going.
    """
    met = 0

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate] if keep_going else [Phase.generate, Phase.shrink],
    )
    @given(st.data())
    def one(data: st.DataObject) -> None:
        nonlocal met
        setup, steps = data.draw(cases())
        found = pair.first_difference(setup, steps)
        if found is None:
            return
        met += 1
        text = shown(setup, steps, *found)
        if not keep_going:
            raise Different(text)
        print(f"--- seed {number}\n{text}", flush=True)

    one()
    return met


def main() -> int:
    """0 where nothing differs, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity.fuzz")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep-going", action="store_true")
    parser.add_argument("--changes", action="store_true", help="change collections instead of asking for records")
    options = parser.parse_args()
    until = time.monotonic() + options.minutes * 60
    asked = met = 0
    number = options.seed
    with tempfile.TemporaryDirectory() as folder, RealTemplate(Path(folder)).peer() as real:
        pair = Pair(real, thorough=options.changes)
        cases: Cases = changes if options.changes else case
        while time.monotonic() < until:
            try:
                met += run(pair, number, keep_going=options.keep_going, examples=25, cases=cases)
            except Different as different:
                print(different)
                return 1
            asked += 25
            number += 1
    print(f"{asked} cases, {met} differences")
    return 1 if met else 0


if __name__ == "__main__":
    sys.exit(main())

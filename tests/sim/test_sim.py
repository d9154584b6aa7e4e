"""Whole clusters from seeds; `python -m tests.sim.run` runs as many more as one likes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.bugs import BUGS
from tests.sim.run import Report, run_seed

SEEDS_EACH = 5
FIRST_SEEDS = (1, 101, 201, 301, 401, 501)
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("first", FIRST_SEEDS)
def test_no_seed_breaks_an_invariant(first: int) -> None:
    """Faults of every kind, then calm: no checker complains, and clients got something done."""
    reports = [run_seed(seed) for seed in range(first, first + SEEDS_EACH)]
    assert {report.seed: report.violations for report in reports if report.violations} == {}
    assert sum(report.operations for report in reports) > 100


def test_a_seed_replays_to_the_bit() -> None:
    """Two runs send the same parcels at the same times; a process with another hash seed does so, too."""
    first, second = run_seed(3, 10.0), run_seed(3, 10.0)
    assert first == second
    code = "from tests.sim.run import run_seed; print(run_seed(3, 10.0).trace)"
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT)}
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert int(output.stdout) == first.trace


BUG_SECONDS = 12.0
FOUND = {
    "acknowledgement_overtakes_the_sync": 1,
    "append_always_truncates": 5,
    "checkpoint_ahead_of_its_records": 1,
    "committed_entries_dropped": 1,
    "forwarded_read_is_lost": 10,
    "heartbeat_commits_what_is_not_there": 17,
    "leader_keeps_its_term": 15,
    "own_log_counted_before_its_sync": 2,
    "read_before_the_first_commit": 17,
    "read_without_a_round": 16,
    "refusals_count_as_votes": 2,
    "rejection_taken_for_progress": 2,
    "request_applied_twice": 2,
    "second_vote_in_a_term": 2,
    "snapshot_before_its_pieces": 5,
    "term_not_persisted": 1,
    "vote_not_persisted": 138,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("bug", "seed"), FOUND.items())
def test_a_planted_bug_is_found(bug: str, seed: int) -> None:
    """The seed at which the simulator first meets the bug: a checker complains with it, and none without."""
    report: Report = run_seed(seed, BUG_SECONDS, bug)
    assert report.violations, BUGS[bug].__name__

"""Random worlds are answered alike by the real server and by pbe."""

import os

import pytest

from tests.parity.fuzz.__main__ import Different, run
from tests.parity.fuzz.changes import changes
from tests.parity.fuzz.compare import Pair
from tests.parity.harness.servers import RealTemplate

#: Cases of one run; PBE_FUZZ_CASES asks for more.
CASES = int(os.environ.get("PBE_FUZZ_CASES", "40"))
SEED = 2026


@pytest.mark.timeout(1200)
def test_random_requests_are_answered_alike(template: RealTemplate) -> None:
    """A bounded number of cases shows no difference; the first is told as the steps of a scenario."""
    with template.peer() as real:
        try:
            met = run(Pair(real), SEED, keep_going=False, examples=CASES)
        except Different as different:
            pytest.fail(str(different))
    assert met == 0


@pytest.mark.timeout(1200)
def test_random_changes_of_collections_are_answered_alike(template: RealTemplate) -> None:
    """Fields, indexes, rules, options, views and imports, and the records after each."""
    with template.peer() as real:
        try:
            met = run(Pair(real, thorough=True), SEED, keep_going=False, examples=CASES, cases=changes)
        except Different as different:
            pytest.fail(str(different))
    assert met == 0

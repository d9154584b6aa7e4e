from pathlib import Path

import pytest

from tests.kit.killed_node import kill_often


@pytest.mark.parametrize("sync", [True, False])
def test_a_killed_machine_loses_what_it_may(tmp_path: Path, sync: bool) -> None:
    """Killed in the middle of writing and with its disk gone: in sync mode no acknowledged row is missing, in async
    mode none that is older than a second.
    """
    kill_often(tmp_path, 3, 4, sync=sync)

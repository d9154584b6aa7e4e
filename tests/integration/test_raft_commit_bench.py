"""The bench of commits, small, so that it cannot rot."""

from pathlib import Path

import pytest

from bench.raft_commit import run


def test_three_processes_commit_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row has answers and no failures, and writes come back after the leader's process is killed."""
    root = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.chdir(tmp_path)
    results = run(["pbe"], seconds=0.3, kills=1)
    for row in results["pbe"].values():
        assert row.latencies_s
        assert row.failures == 0, row.example
    assert "writes back after" in capsys.readouterr().out

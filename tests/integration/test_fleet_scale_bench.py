"""The bench of a whole fleet, small, so that it cannot rot."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_small_fleet_is_measured(tmp_path: Path) -> None:
    """Every figure is printed; the lost node's tenants are placed again and gateways hear of it."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "bench.fleet_scale", "--tenants", "300", "--nodes", "6", "--gateways", "2"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [*command, "--seconds", "0.5"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    figures = dict(line.split()[:2] for line in done.stdout.splitlines())
    assert figures["replaced"] == "50.000"
    assert {"memory_mb", "snapshot_s", "restore_s", "table_s", "route_p99_ms", "leader_cores"} <= set(figures)

"""A pb_data through control plane, gateway and node: each a process, files and databases in S3."""

import json
import zipfile
from pathlib import Path

from tests.kit.cluster_processes import cluster
from tests.kit.processes import ask

RELEASED = Path(__file__).parent.parent / "data" / "pb_data"


def test_import_and_export_go_through_the_gateway(tmp_path: Path) -> None:
    """The operator has the control plane's token only; the tenant's own superusers come out as they went in."""
    archive, out = tmp_path / "in.zip", tmp_path / "out.zip"
    archive.write_bytes((RELEASED / "v0.30.zip").read_bytes())
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr("backups/older.zip", (RELEASED / "v0.23.zip").read_bytes())
    with cluster(tmp_path) as world:
        gateway = f"http://127.0.0.1:{world.gateway.port}"
        words = ("tenant", "import", "moved", "--from", str(archive), "--gateway", gateway, "--json")
        done = world.control.cli(*words, token=world.control.token)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["backups"] == 1
        headers = {"Host": "moved.localhost"}
        listed = ask(world.gateway.port, "GET", "/api/collections/posts/records", headers=headers)
        assert [record["title"] for record in listed.json["items"]] == ["from 0.30.0"]
        words = ("tenant", "export", "moved", "--to", str(out), "--gateway", gateway)
        done = world.control.cli(*words, token=world.control.token)
        assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(out) as packed:
        assert {"data.db", "auxiliary.db", "hooks.db", "backups/older.zip"} == set(packed.namelist())

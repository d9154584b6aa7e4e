"""The control plane after the worst: every disk lost, or the majority."""

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.kit.processes import ROOT, Pbe, environment, free_port


def rescue(process: Pbe, what: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """`pbe raft restore` or `recover` for the process's folder."""
    words = [sys.executable, "-m", "pbe", "raft", what, f"--dir={process.folder}", *flags]
    return subprocess.run(
        words, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


def test_every_disk_is_lost_and_the_newest_snapshot_brings_the_cluster_back(tmp_path: Path) -> None:
    """Tenants and the admin are there again; a second restore of a folder with a state is refused."""
    store = f"--replica-url=file://{tmp_path}/objects"
    process = Pbe(tmp_path, "control-plane", "--node-id=cp-1", store, "--create-admin")
    with process.running():
        token = process.token
        bearer = {"Authorization": f"Bearer {token}"}
        assert process.ask("POST", "/api/cp/tenants", {"id": "a", "domain": "a.localhost"}, bearer).status == 201
        assert process.cli("raft", "snapshot", token=token).returncode == 0
        process.kill()
        shutil.rmtree(process.folder)
        done = rescue(process, "restore", "--node-id=cp-1", store)
        assert (done.returncode, "Restored cp-1 from" in done.stdout) == (0, True), done.stdout + done.stderr
        again = rescue(process, "restore", "--node-id=cp-1", store)
        assert (again.returncode, "this folder has a state" in again.stderr) == (1, True)
        process.start()
        assert process.ask("GET", "/api/cp/tenants/a", headers=bearer).status == 200
        assert process.ask("POST", "/api/cp/tenants", {"id": "b", "domain": "b.localhost"}, bearer).status == 201


def test_the_majority_is_lost_and_a_survivor_goes_on_alone(tmp_path: Path) -> None:
    """It has what it had, says loudly what may be gone, and takes commands."""
    ports = {name: free_port() for name in ("cp-1", "cp-2")}
    peers = ",".join(f"{name}=127.0.0.1:{port}" for name, port in ports.items())
    secret = tmp_path / "secret"
    secret.write_text("s" * 64)
    with contextlib.ExitStack() as stack:
        members = {}
        for name, port in ports.items():
            flags = (
                f"--node-id={name}", f"--raft-peers={peers}", f"--raft-bind-addr=127.0.0.1:{port}",
                f"--cluster-secret-file={secret}", "--create-admin",
            )  # fmt: skip
            members[name] = Pbe(tmp_path, "control-plane", *flags, name=name)
            stack.enter_context(members[name].running())
        first = members["cp-1"]
        first.wait(lambda: any("token" in one.text() for one in members.values()), "made no admin")
        bearer = {"Authorization": f"Bearer {next(one.token for one in members.values() if 'token' in one.text())}"}
        assert first.ask("POST", "/api/cp/tenants", {"id": "a", "domain": "a.localhost"}, bearer).status == 201
        for member in members.values():
            member.kill()
        done = rescue(first, "recover", "--node-id=cp-1")
        assert (done.returncode, "THIS MEMBER IS THE ONLY ONE NOW" in done.stdout) == (0, True), done.stderr
        first.start()
        assert first.ask("POST", "/api/cp/tenants", {"id": "b", "domain": "b.localhost"}, bearer).status == 201
        assert first.ask("GET", "/api/cp/tenants", headers=bearer).json["totalItems"] == 2

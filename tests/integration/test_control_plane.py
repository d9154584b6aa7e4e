"""Three members of the control plane as real processes: any answers, one may die, members come and go."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.processes import Answer, Pbe, free_port

SETTLE_S_MAX = 60.0
AT_ONCE_S_MAX = 2.0


class Members:
    """The members, each on its own folder, with one secret."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        self.secret = folder / "secret"
        self.secret.write_text("s" * 64)
        self.raft = {f"cp-{number}": free_port() for number in (1, 2, 3)}
        self.stack = stack
        self.peers = ",".join(f"{name}=127.0.0.1:{port}" for name, port in self.raft.items())
        self.processes = {name: self._member(name) for name in self.raft}

    def _member(self, name: str) -> Pbe:
        flags = (f"--raft-peers={self.peers}", f"--raft-bind-addr=127.0.0.1:{self.raft[name]}", "--create-admin")
        return Pbe(self.folder, "control-plane", *flags, *self.common(name), name=name)

    def common(self, name: str) -> tuple[str, ...]:
        """What every member is told."""
        return (f"--node-id={name}", f"--cluster-secret-file={self.secret}")

    def start(self) -> None:
        """Start all."""
        for process in self.processes.values():
            self.stack.enter_context(process.running())
        self.until(lambda: bool(self.leader()))
        self.token = next(
            found
            for found in self.until_value(lambda: [p.token for p in self.processes.values() if "admin_" in p.text()])
        )

    def ask(self, name: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask one member as the admin."""
        sent = {"Authorization": f"Bearer {self.token}"} | {
            key.replace("_", "-"): value for key, value in headers.items()
        }
        return self.processes[name].ask(method, path, body, sent)

    def alive(self) -> list[str]:
        """The members that run."""
        return [name for name, one in self.processes.items() if one.process is not None and one.process.poll() is None]

    def leader(self) -> str:
        """Who leads, as all that run agree; "" while they do not."""
        found = set()
        for name in self.alive():
            log = self.status(name)
            found.add(log.get("leader", ""))
        return found.pop() if len(found) == 1 else ""

    def status(self, name: str) -> dict[str, Any]:
        """A member's view; empty where it cannot be asked, as before there is an admin."""
        with contextlib.suppress(OSError, AttributeError):
            got = self.ask(name, "GET", "/api/cp/raft/status")
            return dict(got.json) if got.status == 200 else {}
        return {"leader": "unknown"}

    def until(self, good: Callable[[], bool], limit_s: float = SETTLE_S_MAX) -> None:
        """Return once it is so."""
        until = time.monotonic() + limit_s
        while not good():
            assert time.monotonic() < until, {name: one.text()[-1500:] for name, one in self.processes.items()}
            time.sleep(0.05)

    def until_value(self, give: Callable[[], list[str]]) -> list[str]:
        """The list once it is not empty."""
        found: list[str] = []

        def good() -> bool:
            found[:] = give()
            return bool(found)

        self.until(good)
        return found


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    """Three running members with a leader."""
    with contextlib.ExitStack() as stack:
        made = Members(tmp_path, stack)
        made.start()
        made.until(lambda: made.leader() in made.raft)
        yield made


def test_any_member_answers_and_the_death_of_the_leader_is_outlived(members: Members) -> None:
    """What one member acknowledged every other shows, also after the leader was killed; and it catches up."""
    names = list(members.raft)
    for number, name in enumerate(names):
        body = {"id": f"t{number}", "domain": f"t{number}.localhost"}
        assert members.ask(name, "POST", "/api/cp/tenants", body).status == 201
        for other in names:
            assert members.ask(other, "GET", f"/api/cp/tenants/t{number}").status == 200
    leader = members.leader()
    members.processes[leader].kill()
    rest = members.alive()
    members.until(lambda: members.leader() in rest)
    assert members.ask(rest[0], "POST", "/api/cp/tenants", {"id": "after", "domain": "after.localhost"}).status == 201
    assert members.ask(rest[1], "GET", "/api/cp/tenants").json["totalItems"] == 4
    members.processes[leader].start()
    members.until(lambda: members.leader() in rest)
    assert members.ask(leader, "GET", "/api/cp/tenants/after").status == 200
    members.until(lambda: len({members.status(name).get("state_hash") for name in names}) == 1)


def test_without_a_majority_nothing_is_changed_and_the_state_is_still_told(members: Members) -> None:
    """503 or 504 for a write, 200 for stale reads and raft/status, and the write after the return is fine."""
    body = {"id": "kept", "domain": "kept.localhost"}
    assert members.ask("cp-1", "POST", "/api/cp/tenants", body).status == 201
    for name in ("cp-2", "cp-3"):
        members.processes[name].kill()
    began = time.monotonic()
    assert members.ask("cp-1", "GET", "/api/cp/raft/status").status == 200
    assert time.monotonic() - began < AT_ONCE_S_MAX
    got = members.ask("cp-1", "POST", "/api/cp/tenants", {"id": "no", "domain": "no.localhost"}, Idempotency_Key="k")
    assert got.status in (503, 504)
    assert members.ask("cp-1", "GET", "/api/cp/tenants/kept?consistency=stale").status == 200
    members.processes["cp-2"].start()
    members.until(lambda: members.leader() in ("cp-1", "cp-2"))
    got = members.ask("cp-2", "POST", "/api/cp/tenants", {"id": "no", "domain": "no.localhost"}, Idempotency_Key="k")
    assert got.status == 201


def test_a_member_joins_and_one_leaves_and_leadership_moves(members: Members) -> None:
    """--raft-join makes a voter by itself; remove and transfer work from any member, by the CLI too."""
    leader = members.leader()
    other = next(name for name in members.raft if name != leader)
    moved = members.processes[other].cli("raft", "transfer", other, token=members.token)
    assert moved.returncode == 0, moved.stderr
    members.until(lambda: members.leader() == other)
    port = free_port()
    flags = (f"--raft-join=127.0.0.1:{members.raft['cp-1']}", f"--raft-bind-addr=127.0.0.1:{port}")
    joined = Pbe(members.folder, "control-plane", *flags, *members.common("cp-4"), name="cp-4")
    members.processes["cp-4"] = joined
    members.stack.enter_context(joined.running())

    def voters() -> set[str]:
        found = members.status(other).get("members", [])
        return {one["id"] for one in found if one["voter"]}

    members.until(lambda: voters() == {"cp-1", "cp-2", "cp-3", "cp-4"})
    gone = next(name for name in members.raft if name != other)
    assert members.ask("cp-4", "DELETE", f"/api/cp/raft/members/{gone}").status == 200
    members.until(lambda: voters() == {"cp-1", "cp-2", "cp-3", "cp-4"} - {gone})
    assert members.ask("cp-4", "POST", "/api/cp/tenants", {"id": "late", "domain": "late.localhost"}).status == 201


def test_a_rolling_restart_fails_no_command(members: Members) -> None:
    """Each member is terminated and started again in turn, within ten seconds each; commands go on at the others."""
    made = 0
    for name in list(members.raft):
        began = time.monotonic()
        members.processes[name].terminate()
        assert time.monotonic() - began < 10
        for other in members.alive():
            body = {"id": f"r{made}", "domain": f"r{made}.localhost"}
            assert members.ask(other, "POST", "/api/cp/tenants", body).status == 201
            made += 1
        members.processes[name].start()
        members.until(lambda: members.leader() in members.raft)
    assert members.ask("cp-1", "GET", "/api/cp/tenants").json["totalItems"] == made

"""What a newcomer does: one command, two requests, and the end."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.processes import Pbe, environment


@pytest.fixture(scope="module")
def pbe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbe]:
    """An all-in-one on a fresh folder."""
    with Pbe(tmp_path_factory.mktemp("pbe"), "all-in-one").running() as process:
        yield process


def test_the_two_documented_requests(pbe: Pbe) -> None:
    """A tenant is made without a token, and answers a guest as PocketBase does."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Host": f"localhost:{pbe.port}"}
    made = pbe.ask("POST", "/api/cp/tenants", b'{"id":"test123","domain":"test123.localhost"}', form)
    assert made.status == 201
    guest = pbe.ask("GET", "/api/collections/users", headers={"X-Tenant-ID": "test123"})
    assert (guest.status, guest.json) == (
        401,
        {"data": {}, "message": "The request requires valid record authorization token.", "status": 401},
    )
    by_host = pbe.ask("GET", "/api/health", headers={"Host": f"test123.localhost:{pbe.port}"})
    assert by_host.json == {"message": "API is healthy.", "code": 200, "data": {}}
    shown = pbe.ask("GET", "/api/cp/tenants/test123").json
    assert (shown["status"], shown["node_id"]) == ("active", "node-1")


def test_the_token_is_printed_once_and_works(pbe: Pbe) -> None:
    """The first start prints it; what is kept is a hash."""
    assert pbe.text().count(pbe.token) == 1
    headers = {"Authorization": f"Bearer {pbe.token}", "Origin": "http://evil.example"}
    assert pbe.ask("GET", "/api/cp/tenants", headers=headers).status == 200
    assert pbe.ask("GET", "/api/cp/tenants", headers={"Origin": "http://evil.example"}).status == 401
    stored = (pbe.folder / "control" / "data.mdb").read_bytes()
    assert pbe.token.encode() not in stored


def test_a_superuser_made_by_the_cli_can_log_in_at_once(pbe: Pbe) -> None:
    """No waiting, no retry: the command returns when it is done."""
    pbe.ask("POST", "/api/cp/tenants", {"id": "cli", "domain": "cli.localhost"})
    done = pbe.cli("tenant", "superuser", "upsert", "cli", "a@example.com", "pass123456")
    assert (done.returncode, done.stdout) == (0, "Saved superuser a@example.com of cli.\n")
    login = {"identity": "a@example.com", "password": "pass123456"}
    path = "/api/collections/_superusers/auth-with-password"
    assert pbe.ask("POST", path, login, {"X-Tenant-ID": "cli"}).json["record"]["email"] == "a@example.com"


def test_a_superuser_may_come_with_the_tenant(pbe: Pbe) -> None:
    """The tenant is ready for its superuser when the request that made both returns."""
    superuser = {"email": "b@example.com", "password": "pass123456"}
    body = {"id": "with", "domain": "with.localhost", "superuser": superuser}
    assert pbe.ask("POST", "/api/cp/tenants", body).status == 201
    login = {"identity": "b@example.com", "password": "pass123456"}
    path = "/api/collections/_superusers/auth-with-password"
    assert pbe.ask("POST", path, login, {"Host": "with.localhost"}).status == 200


def test_a_tenant_s_own_host_has_no_platform_api(pbe: Pbe) -> None:
    """A page of a tenant cannot reach the platform's API as its own site."""
    pbe.ask("POST", "/api/cp/tenants", {"id": "own", "domain": "own.localhost"})
    got = pbe.ask("GET", "/api/cp/tenants", headers={"Host": f"own.localhost:{pbe.port}"})
    assert got.status == 404
    assert "items" not in got.json


def test_no_tenant_is_400_and_an_unknown_one_404(pbe: Pbe) -> None:
    """In PocketBase's shape."""
    assert pbe.ask("GET", "/api/collections").status == 400
    assert pbe.ask("GET", "/api/collections", headers={"Host": "nobody.localhost"}).status == 404
    assert pbe.ask("GET", "/api/collections", headers={"X-Tenant-ID": "nobody"}).status == 404


def test_the_node_and_the_cluster_are_well(pbe: Pbe) -> None:
    """`pbe node list` and `pbe health` tell so, the latter by its exit status."""
    assert "node-1" in pbe.cli("node", "list").stdout
    health = pbe.cli("health")
    assert (health.returncode, "healthy" in health.stdout) == (0, True)


def test_sigterm_ends_it_in_order_and_all_is_there_again(tmp_path: Path) -> None:
    """A second start finds the tenants and prints no token."""
    process = Pbe(tmp_path, "all-in-one")
    with process.running():
        superuser = {"email": "b@example.com", "password": "pass123456"}
        body = {"id": "kept", "domain": "kept.localhost", "superuser": superuser}
        assert process.ask("POST", "/api/cp/tenants", body).status == 201
        first = process.token
        process.terminate()
    with process.running():
        login = {"identity": "b@example.com", "password": "pass123456"}
        path = "/api/collections/_superusers/auth-with-password"
        assert process.ask("POST", path, login, {"X-Tenant-ID": "kept"}).status == 200
        assert process.text().count("token (shown") == 1
        headers = {"Authorization": f"Bearer {first}"}
        assert process.ask("GET", "/api/cp/tenants", headers=headers).json["totalItems"] == 1
        process.terminate()


def test_an_open_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """A realtime client is told good-bye at once: the process ends in seconds."""
    process = Pbe(tmp_path, "all-in-one")
    with process.running():
        process.ask("POST", "/api/cp/tenants", {"id": "live", "domain": "live.localhost"})
        with socket.create_connection(("127.0.0.1", process.port), 10) as stream:
            stream.sendall(b"GET /api/realtime HTTP/1.1\r\nHost: live.localhost\r\n\r\n")
            assert stream.recv(4096).startswith(b"HTTP/1.1 200")
            began = time.monotonic()
            process.terminate()
            assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("flag", "sentence", "touched"),
    [
        ("--mode=nonsense", "pbe: --mode must be one of", False),
        ("--nonsense", "pbe: There is no flag --nonsense", False),
        ("--http-addr=192.0.2.1:9", "pbe: Cannot listen on 192.0.2.1:9", True),
    ],
)
@pytest.mark.parametrize("start", [["-m", "pbe", "serve"], ["-c", "TWISTD"]], ids=["pbe-serve", "twistd"])
def test_a_process_that_cannot_start_says_why_and_leaves_1(
    start: list[str], flag: str, sentence: str, touched: bool, tmp_path: Path
) -> None:
    """By twistd and by `pbe serve`; a wrong flag touches nothing."""
    words = [word.replace("TWISTD", _TWISTD) for word in start]
    got = subprocess.run(
        [sys.executable, *words, flag, f"--dir={tmp_path / 'data'}"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (got.returncode, sentence in got.stderr + got.stdout) == (1, True), got.stderr + got.stdout
    assert (tmp_path / "data").exists() == touched


_TWISTD = """
import sys
from twisted.scripts.twistd import run
sys.argv = ["twistd", "-n", "--pidfile=", "pbe", *sys.argv[1:]]
run()
"""

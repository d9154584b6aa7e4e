"""A stock pb_data imported, compared through the API, exported, and compared under the stock server again."""

import contextlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.parity.exchange import stock
from tests.parity.harness.exchange import Peer
from tests.parity.harness.servers import ADMIN_EMAIL, ADMIN_PASSWORD, PbeServer, pocketbase_binary

TENANT = "moved"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A pb_data of the stock binary, what its server tells of it, and tokens that it gave."""
    data = tmp_path_factory.mktemp("stock") / "pb_data"
    command = [pocketbase_binary(), "superuser", "upsert", ADMIN_EMAIL, ADMIN_PASSWORD, "--dir", str(data)]
    subprocess.run(command, check=True, capture_output=True)
    with stock.serving(data) as peer:
        token = stock.signed_in(peer, "_superusers", ADMIN_EMAIL, ADMIN_PASSWORD)
        stock.fill(peer, token)
        user = stock.signed_in(peer, "people", "u3@example.com", stock.PASSWORD)
        return {"data": data, "told": stock.everything(peer, token), "token": token, "user": user}


@pytest.fixture(scope="module")
def pbe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PbeServer]:
    """An all-in-one."""
    with PbeServer.start(tmp_path_factory.mktemp("pbe")) as server:
        yield server


def command(pbe: PbeServer, *words: str) -> str:
    """What `pbe …` prints."""
    call = [sys.executable, "-c", "import sys; from pbe.cli.main import run; sys.exit(run())", *words]
    done = subprocess.run([*call, "--server", f"http://127.0.0.1:{pbe.port}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def rows(path: Path) -> dict[str, list[Any]]:
    """Every row of every table, as stored; what the query planner keeps for itself is left out."""
    connection = apsw.Connection(str(path))
    try:
        names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))
            for name in names
            if not name.startswith("sqlite_")
        }
    finally:
        connection.close()


def same(told: dict[str, Any], original: dict[str, Any]) -> None:
    """Part by part, so that a failure is short."""
    assert list(told) == list(original)
    for name, part in original.items():
        assert told[name] == part, name


def test_a_stock_pb_data_comes_in_and_goes_out_unchanged(
    original: dict[str, Any], pbe: PbeServer, tmp_path: Path
) -> None:
    """Rows, files, users, settings and tokens, both ways."""
    printed = command(pbe, "tenant", "import", TENANT, "--from", str(original["data"]))
    assert f"Imported into {TENANT}: 16 collections" in printed
    archive = tmp_path / "pb_data.zip"
    with contextlib.closing(Peer("pbe", pbe.port, {"Host": f"{TENANT}.localhost:{pbe.port}"})) as peer:
        same(stock.everything(peer, original["token"]), original["told"])
        refreshed = stock.ask(peer, "POST", f"{stock.AT}/people/auth-refresh", {}, token=original["user"])
        assert refreshed["record"]["email"] == "u3@example.com"
        stock.signed_in(peer, "users", "u4@example.com", stock.PASSWORD)
        command(pbe, "tenant", "export", TENANT, "--to", str(archive))
        left = stock.ask(peer, "GET", f"{stock.AT}/_superusers/records", token=original["token"])
        assert [record["email"] for record in left["items"]] == [ADMIN_EMAIL]
    back = tmp_path / "back" / "pb_data"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(back)
    before, after = rows(original["data"] / "data.db"), rows(back / "data.db")
    assert list(after) == list(before)
    for table in before:
        if table not in ("_authOrigins", "users", "people"):
            assert after[table] == before[table], table
    logs = rows(original["data"] / "auxiliary.db")["_logs"]
    assert set(logs) <= set(rows(back / "auxiliary.db")["_logs"])
    with stock.serving(back) as real:
        same(stock.everything(real, original["token"]), original["told"])
        stock.signed_in(real, "people", "u5@example.com", stock.PASSWORD)


def test_a_zip_with_a_folder_around_it_comes_in_too(original: dict[str, Any], pbe: PbeServer, tmp_path: Path) -> None:
    """As file managers make them."""
    archive = tmp_path / "pb_data.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(original["data"].rglob("*")):
            if path.is_file():
                packed.write(path, Path("backup/pb_data") / path.relative_to(original["data"]))
    printed = command(pbe, "tenant", "import", "zipped", "--from", str(archive), "--json")
    assert json.loads(printed)["collections"] == 16


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_pb_data_is_refused_and_changes_nothing(pbe: PbeServer, tmp_path: Path, content: bytes) -> None:
    """With a sentence, and exit status 1."""
    archive = tmp_path / "bad.zip"
    archive.write_bytes(content)
    call = [sys.executable, "-c", "import sys; from pbe.cli.main import run; sys.exit(run())"]
    words = ["tenant", "import", "refused", "--from", str(archive), "--server", f"http://127.0.0.1:{pbe.port}"]
    done = subprocess.run([*call, *words], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr

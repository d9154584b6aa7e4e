"""A tenant goes back to a moment, forward again, and into a new tenant; and its replica is verified."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.kit.cluster_processes import cluster
from tests.kit.processes import Pbe

LOGIN = {"identity": "a@example.com", "password": "pass123456"}
AUTH = "/api/collections/_superusers/auth-with-password"
ROWS = "/api/collections/notes/records"


class Shop:
    """One tenant of an all-in-one, as its superuser."""

    def __init__(self, pbe: Pbe, tenant_id: str, host: str = "") -> None:
        self._pbe = pbe
        self._headers = {"Host": host} if host else {"X-Tenant-ID": tenant_id}
        token = pbe.ask("POST", AUTH, LOGIN, self._headers).json["token"]
        self._headers["Authorization"] = token

    def make_notes(self) -> None:
        """A collection to write to."""
        fields = [{"name": "text", "type": "text"}]
        body = {"name": "notes", "type": "base", "fields": fields}
        assert self._pbe.ask("POST", "/api/collections", body, self._headers).status == 200

    def write(self, text: str) -> str:
        """One row, and the transaction that has it, once the store has it too."""
        answer = self._pbe.ask("POST", ROWS, {"text": text}, {**self._headers, "X-PBE-Durability": "sync"})
        assert answer.status == 200
        return str(answer.headers["x-pbe-txid"])

    def rows(self) -> set[str]:
        """All rows."""
        return {one["text"] for one in self._pbe.ask("GET", ROWS, None, self._headers).json["items"]}


def _restored(pbe: Pbe, *words: str) -> Any:
    done = pbe.cli("tenant", "restore", *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr + pbe.text()[-3000:]
    return json.loads(done.stdout)


def _broken(content: bytes) -> bytes:
    """The same object with one bit turned in its middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_back_forward_and_aside(tmp_path: Path) -> None:
    """Rows are as they were at a time; the state that was replaced comes back by its txid; a copy is independent."""
    with Pbe(tmp_path, "all-in-one").running() as pbe:
        superuser = {"email": LOGIN["identity"], "password": LOGIN["password"]}
        made = {"id": "shop", "domain": "shop.localhost", "superuser": superuser}
        assert pbe.ask("POST", "/api/cp/tenants", made).status == 201
        shop = Shop(pbe, "shop")
        shop.make_notes()
        first = shop.write("first")
        time.sleep(0.05)
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        time.sleep(0.05)
        second = shop.write("second")

        back = pbe.ask("POST", "/api/cp/tenants/shop/restore", {"at": moment})
        assert back.status == 200, back.content
        assert (back.json["id"], back.json["txids"]["data.db"]) == ("shop", first)
        assert set(back.json["txids"]) == {"data.db", "auxiliary.db", "hooks.db"}
        assert back.json["moment"] <= moment.replace("+00:00", "Z")
        assert shop.rows() == {"first"}
        third = shop.write("third")
        assert third > second

        assert _restored(pbe, "shop", "--at", second)["txids"]["data.db"] == second
        assert shop.rows() == {"first", "second"}

        aside = _restored(pbe, "shop", "--at", moment, "--to", "copy")
        assert (aside["id"], aside["source"], aside["txids"]["data.db"]) == ("copy", "shop", first)
        copy = Shop(pbe, "copy")
        assert copy.rows() == {"first"}
        copy.write("only in the copy")
        assert shop.rows() == {"first", "second"}
        assert copy.rows() == {"first", "only in the copy"}

        checked = pbe.cli("tenant", "verify", "shop")
        assert (checked.returncode, "is whole" in checked.stdout) == (0, True), checked.stdout + checked.stderr
        early = pbe.ask("POST", "/api/cp/tenants/shop/restore", {"at": "2001-01-01T00:00:00Z", "to": "none"})
        assert (early.status, "history" in early.json["message"]) == (400, True)
        assert pbe.ask("GET", "/api/cp/tenants/none").status == 404
        assert shop.rows() == {"first", "second"}
        # Every object: which of them a restore reads depends on whether the levels were merged meanwhile.
        whole = {path: path.read_bytes() for path in pbe.folder.glob("**/tenants/copy/litestream/data.db/ltx/*/*.ltx")}
        for path, content in whole.items():
            path.write_bytes(_broken(content))
        checked = pbe.cli("tenant", "verify", "copy")
        named = any(path.name in checked.stdout for path in whole)
        assert (checked.returncode, "BROKEN" in checked.stdout, named) == (1, True, True), checked.stdout
        for path, content in whole.items():
            path.write_bytes(content)
        assert pbe.cli("tenant", "verify", "copy").returncode == 0
        pbe.terminate()
        pbe.start()
        assert Shop(pbe, "shop").rows() == {"first", "second"}
        assert Shop(pbe, "copy").rows() == {"first", "only in the copy"}


def test_the_control_plane_reaches_a_node_of_another_process(tmp_path: Path) -> None:
    """The errand goes out with a heartbeat's answer, through TCP and over S3."""
    with cluster(tmp_path) as world:
        control, token = world.control, world.control.token
        words = ("tenant", "create", "far", "--domain", "far.localhost", "--superuser", *LOGIN.values())
        assert control.cli(*words, token=token).returncode == 0
        shop = Shop(world.gateway, "far", host="far.localhost")
        shop.make_notes()
        first = shop.write("first")
        shop.write("second")
        done = control.cli("tenant", "restore", "far", "--at", first, token=token)
        assert (done.returncode, first in done.stdout) == (0, True), done.stdout + done.stderr
        assert shop.rows() == {"first"}
        assert control.cli("tenant", "verify", "far", token=token).returncode == 0

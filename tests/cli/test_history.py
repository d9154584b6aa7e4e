"""`pbe tenant restore` and `pbe tenant verify`: what they ask, print, and leave as status."""

import json
from typing import Any

import pytest

from pbe.cli import server
from pbe.cli.main import main

RESTORED = {
    "id": "copy",
    "source": "shop",
    "moment": "2026-11-24T10:30:00.000Z",
    "txids": {"data.db": "000000000000000a"},
}
VERIFIED = {"ok": True, "txid": "000000000000000a", "files": 2, "bytes": 10, "pages": 3, "checksum_compared": True}
BROKEN = {"ok": False, "error": "the object is broken"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was asked of a server that answers as `asked[0]` says."""
    asked: list[tuple[Any, ...]] = []

    def exchange(_server: server.Server, method: str, target: str, body: Any) -> tuple[int, bytes]:
        asked.append((method, target, body))
        return 200, json.dumps(asked[0][0]).encode()

    monkeypatch.setattr(server.Server, "_exchange", exchange)
    return asked


def test_restore_names_a_time_or_a_txid(asked: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like a txid is one."""
    asked.append((RESTORED,))
    words = ["tenant", "restore", "shop", "--at"]
    assert main([*words, "2026-11-24T10:30:00Z", "--to", "copy", "--domain", "copy.example.com"]) == 0
    assert capsys.readouterr().out == (
        "Restored copy from shop as of 2026-11-24T10:30:00.000Z.\n  data.db  000000000000000a\n"
    )
    assert main([*words, "txid:0A", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == RESTORED
    path = "/api/cp/tenants/shop/restore"
    wanted = {"at": "2026-11-24T10:30:00Z", "to": "copy", "domain": "copy.example.com"}
    assert asked[1:] == [("POST", path, wanted), ("POST", path, {"txid": "0A"})]


@pytest.mark.parametrize(("one", "status", "word"), [(VERIFIED, 0, "whole"), (BROKEN, 1, "BROKEN")])
def test_verify_leaves_what_it_found_as_status(
    asked: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str], one: dict[str, Any], status: int, word: str
) -> None:
    """A script sees a broken replica without reading."""
    asked.append(({"id": "shop", "ok": one["ok"], "databases": {"data.db": one}},))
    assert main(["tenant", "verify", "shop"]) == status
    assert word in capsys.readouterr().out
    assert asked[1] == ("POST", "/api/cp/tenants/shop/verify", None)

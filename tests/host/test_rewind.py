"""A tenant is loaded anew as it was, while its requests wait."""

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import BadRequest, NotFound, StoreError, Unavailable
from pbe.host.keeper import Keeper
from pbe.host.rewind import Rewind
from pbe.objects.memory import MemoryStore
from pbe.replication.moment import Moment
from pbe.replication.replicator import Reached
from pbe.tenant.tenant import DATABASES
from tests.kit.host_fakes import Node

MOMENTS = {name: Moment(txid=number) for number, name in enumerate(DATABASES, 5)}


def test_what_is_not_shipped_is_shipped_first_and_requests_wait(tmp_path: Path) -> None:
    """Load, ship, close, restore all three to the moment, serve; who asks meanwhile is answered then."""
    node = Node(tmp_path, "a")
    rewind = Rewind(MOMENTS)
    done = node.start(node.host.rewind("a", rewind))
    waiting = node.ask("a")
    node.turn()
    assert (done.called, rewind.done, node.opened) == (True, True, ["a", "a"])
    assert waiting.result == "a: hello"
    restores = [line for line in node.replicator.log if " at " in line]
    assert restores == [f"restore a/{name} at {number}" for number, name in enumerate(DATABASES, 5)]
    assert node.replicator.log.index("durable a/data.db") < node.replicator.log.index(restores[0])


def test_a_store_away_changes_nothing(tmp_path: Path) -> None:
    """What could not be shipped is served on, and a later load is of the newest state."""
    node = Node(tmp_path, "a")
    node.ask("a")
    node.replicator.away = True
    done = node.start(node.host.rewind("a", Rewind(MOMENTS)))
    failed: list[Any] = []
    done.addErrback(lambda failure: failed.append(failure.value))
    node.turn()
    assert isinstance(failed[0], Unavailable)
    assert node.ask("a").result == "a: hello"
    assert not any(" at " in line for line in node.replicator.log)


def test_a_restore_that_fails_half_way_leaves_the_newest_state(tmp_path: Path) -> None:
    """Nothing of the moment stays on the disk, and the next load is of the newest state again."""
    node = Node(tmp_path, "a")
    node.replicator.broken = DATABASES[1]
    assert isinstance(_outcome(node, node.start(node.host.rewind("a", Rewind(MOMENTS)))), StoreError)
    assert [path.name for path in (tmp_path / "a").iterdir() if path.name.startswith(DATABASES)] == []
    node.replicator.log.clear()
    assert node.ask("a").result == "a: hello"
    assert sorted(node.replicator.log[:3]) == sorted(f"restore a/{name}" for name in DATABASES)


class Past:
    """Histories that a test writes."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Moment]] = []
        self.missing = False

    async def reach(self, tenant_id: str, name: str, at: Moment) -> Reached | None:
        """Always transaction 7, shipped two seconds into the epoch."""
        self.asked.append((tenant_id, name, at))
        return None if self.missing else Reached(7, 2000)

    async def verify(self, tenant_id: str, name: str, near: str) -> Any:
        """The store is away."""
        raise StoreError("get", f"{tenant_id}/{name}")


def _outcome(node: Node, deferred: Deferred[Any]) -> Any:
    got: list[Any] = []
    deferred.addCallbacks(got.append, lambda failure: got.append(failure.value))
    node.turn()
    return got[0]


def test_a_txid_takes_the_other_databases_to_its_time(tmp_path: Path) -> None:
    """And a new tenant has the uploaded files of the old one."""
    node, past = Node(tmp_path, "a"), Past()
    store = MemoryStore(node.clock.seconds)
    keeper = Keeper(node.host, past, store, tmp_path)
    _outcome(node, Deferred.fromCoroutine(store.put("tenants/b/storage/c/r/x.txt", b"file")))
    asked = {"tenant_id": "a", "source": "b", "txid": 7}
    told = _outcome(node, node.start(keeper.carry_out("tenant.restore", asked)))
    assert told == {"moment": "1970-01-01T00:00:02.000Z", "txids": dict.fromkeys(DATABASES, "0000000000000007")}
    moments = [Moment(txid=7), Moment(before_ms=2001), Moment(before_ms=2001)]
    assert past.asked == [("b", name, at) for name, at in zip(DATABASES, moments, strict=True)]
    assert "restore a/hooks.db at 7 of b" in node.replicator.log
    copied = _outcome(node, Deferred.fromCoroutine(store.get("tenants/a/storage/c/r/x.txt")))
    assert copied.data == b"file"


@pytest.mark.parametrize(
    ("name", "payload", "kind"),
    [
        ("tenant.erase", {"tenant_id": "a"}, BadRequest),
        ("tenant.restore", ["a"], BadRequest),
        ("tenant.restore", {"tenant_id": "../a", "txid": 7}, BadRequest),
        ("tenant.restore", {"tenant_id": "a"}, BadRequest),
        ("tenant.reach", {"tenant_id": "a", "txid": 7, "at_ms": 7}, BadRequest),
        ("tenant.reach", {"tenant_id": "a", "txid": -7}, BadRequest),
        ("tenant.verify", {"tenant_id": "a"}, Unavailable),
    ],
)
def test_an_errand_that_cannot_be_done_is_refused_in_words(
    tmp_path: Path, name: str, payload: Any, kind: type[Exception]
) -> None:
    """Malformed ones, and a store that is away."""
    node = Node(tmp_path, "a")
    keeper = Keeper(node.host, Past(), MemoryStore(node.clock.seconds), tmp_path)
    assert isinstance(_outcome(node, node.start(keeper.carry_out(name, payload))), kind)


def test_a_tenant_without_history_is_404(tmp_path: Path) -> None:
    """Nothing is restored from nothing."""
    node, past = Node(tmp_path, "a"), Past()
    past.missing = True
    keeper = Keeper(node.host, past, MemoryStore(node.clock.seconds), tmp_path)
    assert isinstance(
        _outcome(node, node.start(keeper.carry_out("tenant.reach", {"tenant_id": "a", "txid": 7}))), NotFound
    )

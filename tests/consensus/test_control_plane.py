"""A control plane of one member: propose, read, watch, stop and start."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.consensus import ControlPlane
from pbe.consensus.tuning import Tuning
from pbe.errors import BadRequest, DiskError, OutcomeUnknown, PayloadTooLarge, Unavailable
from pbe.fleet import Fleet, Rejected
from pbe.fleet import commands as c
from pbe.storage.control import ControlDamaged
from pbe.storage.lmdb_control import LmdbControl
from tests.consensus.kit import Alone


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], Alone]]:
    """Starts the member of one folder, again and again."""
    started: list[Alone] = []

    def start() -> Alone:
        if started:
            started[-1].result(started[-1].plane.stop())
        started.append(Alone(tmp_path / "control"))
        return started[-1]

    yield start
    started[-1].result(started[-1].plane.stop())


def test_a_member_alone_leads_at_once(begin: Callable[[], Alone]) -> None:
    """Its status names it leader before any time has passed."""
    status = begin().plane.status()
    assert (status["leader"], status["role"], status["quorum"]) == ("cp-1", "leader", True)
    assert [member["id"] for member in status["members"]] == ["cp-1"]


def test_commands_survive_a_restart(begin: Callable[[], Alone]) -> None:
    """What was acknowledged is there again, with the same hash, whether a checkpoint was written or not."""
    first = begin()
    first.result(first.plane.propose(c.TenantCreate("t", "t.localhost")))
    first.clock.advance(2)
    first.result(first.plane.propose(c.TenantUpdate("t", plan="pro")))
    state_hash = first.plane.fleet.state_hash
    second = begin()
    fleet: Fleet = second.result(second.plane.read())
    assert fleet.tenants.rows["t"].plan == "pro"
    assert fleet.state_hash == state_hash
    assert second.plane.status()["term"] == first.plane.status()["term"] + 1


def test_a_refusal_is_raised_and_a_request_applied_once(begin: Callable[[], Alone]) -> None:
    """Rejected names the field; the same request id gives the first answer, over a restart too."""
    alone = begin()
    first = alone.result(alone.plane.propose(c.TenantCreate("t", "t.localhost"), "key-1"))
    with pytest.raises(Rejected, match="id"):
        alone.result(alone.plane.propose(c.TenantCreate("t", "t.localhost")))
    alone = begin()
    assert alone.result(alone.plane.propose(c.TenantCreate("t", "t.localhost"), "key-1")) == first


def test_two_callers_of_one_request_share_its_outcome(begin: Callable[[], Alone]) -> None:
    """A request that is under way is joined, not sent twice."""
    alone = begin()
    command = c.TenantCreate("t", "t.localhost")
    calls = [Deferred.fromCoroutine(alone.plane.propose(command, "key")) for _ in range(2)]
    alone.clock.advance(0)
    assert calls[0].result == calls[1].result
    assert alone.plane.fleet.revision == 1


def test_commands_of_one_turn_are_one_save(begin: Callable[[], Alone]) -> None:
    """Many commands of a turn cost two syncs at most, not one each."""
    alone = begin()
    saves: list[int] = []
    store = alone.plane._store
    save = store.save
    store.save = lambda hard, entries: (saves.append(len(entries)), save(hard, entries))[1]  # type: ignore[method-assign]
    calls = [
        Deferred.fromCoroutine(alone.plane.propose(c.TenantCreate(f"t{n}", f"t{n}.localhost"))) for n in range(100)
    ]
    alone.clock.advance(0)
    assert all(call.called for call in calls)
    assert saves == [100]


def test_bad_requests_never_reach_the_log(begin: Callable[[], Alone]) -> None:
    """A request id or a command over its limit is refused before anything is written."""
    alone = begin()
    before = alone.plane.status()["last"]
    with pytest.raises(BadRequest):
        alone.result(alone.plane.propose(c.TenantDelete("t"), "k" * 300))
    with pytest.raises(PayloadTooLarge):
        alone.result(alone.plane.propose(c.TenantCreate("t", "t.localhost", metadata={"a": "x" * 1_100_000})))
    assert alone.plane.status()["last"] == before


def test_watchers_get_every_change_in_order(begin: Callable[[], Alone]) -> None:
    """From now on, from a revision, from the beginning anew, and no more after stop."""
    alone = begin()
    alone.result(alone.plane.propose(c.TenantCreate("a", "a.localhost")))
    alone.result(alone.plane.propose(c.TenantCreate("b", "b.localhost")))
    seen: dict[str, list] = {"new": [], "from1": [], "anew": []}
    stops = [
        alone.plane.watch(2, lambda revision, events: seen["new"].append((revision, events))),
        alone.plane.watch(1, lambda revision, events: seen["from1"].append((revision, events))),
        alone.plane.watch(0, lambda revision, events: seen["anew"].append((revision, events))),
    ]
    assert seen["new"] == []
    assert [event.key for event in seen["from1"][0][1]] == ["b", "b"]
    assert seen["anew"] == [(2, None)]
    alone.result(alone.plane.propose(c.TenantDelete("a")))
    for heard in seen.values():
        assert heard[-1][0] == 3
        assert {event.table for event in heard[-1][1]} == {"tenants", "routes"}
    for stop in stops:
        stop()
    alone.result(alone.plane.propose(c.TenantDelete("b")))
    assert [len(heard) for heard in seen.values()] == [1, 2, 2]


def test_a_stopped_member_takes_nothing(tmp_path: Path) -> None:
    """What waits is refused with certainty."""
    alone = Alone(tmp_path / "control")
    waiting = Deferred.fromCoroutine(alone.plane.propose(c.TenantDelete("t")))
    alone.result(alone.plane.stop())
    failures: list = []
    waiting.addErrback(failures.append)
    assert failures[0].check(Unavailable)


def test_another_members_folder_is_refused(tmp_path: Path) -> None:
    """A wrong --node-id is noticed before anything is changed."""
    alone = Alone(tmp_path / "control")
    alone.result(alone.plane.stop())
    store = LmdbControl(tmp_path / "control")
    with pytest.raises(ControlDamaged):
        ControlPlane.create(store=store, member_id="cp-2", clock=Clock(), now=lambda: 0.0, random=lambda n: 0)
    store.close()


def test_a_question_to_the_leader_is_answered_here(begin: Callable[[], Alone]) -> None:
    """The leader's own handler is called directly; a refusal is raised."""
    alone = begin()

    async def double(payload: int) -> int:
        if payload < 0:
            raise BadRequest("negative")
        return payload * 2

    alone.plane.serve("double", double)
    assert alone.result(alone.plane.ask_leader("double", 4)) == 8
    with pytest.raises(BadRequest):
        alone.result(alone.plane.ask_leader("double", -1))


class SlowWorker:
    """A worker whose results come when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[None]] = []

    async def run(self, function: Callable[..., object], *arguments: object) -> object:
        """Run now, return later."""
        result = function(*arguments)
        self.waiting.append(Deferred())
        await self.waiting[-1]
        return result

    def finish(self) -> None:
        """Let everything return."""
        waiting, self.waiting = self.waiting, []
        for deferred in waiting:
            deferred.callback(None)


def test_a_stalled_disk_ends_the_leadership(tmp_path: Path) -> None:
    """A save longer than ten ticks makes the member step down; when it ends, the member leads again and goes on."""
    worker = SlowWorker()
    alone = Alone(tmp_path / "control", run=worker.run, tuning=Tuning(inline_save_s_max=-1.0))
    for _ in range(20):
        worker.finish()
        alone.clock.advance(0.05)
    waiting = Deferred.fromCoroutine(alone.plane.propose(c.TenantCreate("t", "t.localhost"), timeout_s=30.0))
    alone.clock.advance(0)
    for _ in range(12):
        alone.clock.advance(0.05)
    assert not alone.plane.is_leader
    assert alone.plane.status()["disk_stalled"]
    for _ in range(100):
        worker.finish()
        alone.clock.advance(0.05)
    assert alone.plane.is_leader
    assert waiting.result.id == "t"
    stopping = Deferred.fromCoroutine(alone.plane.stop())
    for _ in range(10):
        worker.finish()
        alone.clock.advance(0.05)
    assert stopping.called


def test_a_stop_waits_for_the_save_in_flight(tmp_path: Path) -> None:
    """The files are not closed under a worker that writes."""
    worker = SlowWorker()
    alone = Alone(tmp_path / "control", run=worker.run, tuning=Tuning(inline_save_s_max=-1.0))
    assert worker.waiting
    stopping = Deferred.fromCoroutine(alone.plane.stop())
    alone.clock.advance(0.05)
    assert not stopping.called
    worker.finish()
    alone.clock.advance(0.05)
    worker.finish()
    alone.clock.advance(0.05)
    assert stopping.called


def test_a_failing_disk_stops_the_member(tmp_path: Path) -> None:
    """Nothing is acknowledged any more, who waits is told that the outcome is unknown, and `broken` fails."""
    alone = Alone(tmp_path / "control")
    broken: list = []
    alone.plane.broken.addErrback(broken.append)

    def full(hard: object, entries: object) -> None:
        raise DiskError("save", "control", hint="no space left")

    alone.plane._store.save = full  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown):
        alone.result(alone.plane.propose(c.TenantCreate("t", "t.localhost")))
    assert broken[0].check(DiskError)
    assert alone.plane.status()["role"] == "stopped"
    alone.result(alone.plane.stop())

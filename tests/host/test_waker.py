"""Tenants that sleep while a job of theirs is due: the whole way from eviction to the job, on one clock."""

from pathlib import Path

from pbe.cluster.alarm import NODE_CALLS_MAX, ROUND_S
from pbe.fleet import commands
from pbe.fleet.records import Wake
from tests.kit.sleepers import IDLE_S, PERIOD_S, Sleepers
from tests.kit.tenant_services import NOW_S


def _asleep(site: Sleepers, tenant_id: str) -> None:
    """Load the tenant and let it fall asleep again."""
    site.load(tenant_id)
    site.pass_s(IDLE_S + 31)
    assert site.awake() == []


def test_a_tenant_that_sleeps_is_woken_and_its_job_runs_once(tmp_path: Path) -> None:
    """It is recorded when it goes, called when it is due, and recorded anew when it goes again."""
    site = Sleepers(tmp_path, "a")
    site.world.tenant("a")
    _asleep(site, "a")
    assert site.wake("a").at_ms == (NOW_S + PERIOD_S) * 1000
    site.pass_s(PERIOD_S - site.clock.seconds() - 1)
    assert (site.awake(), site.ran) == ([], [])
    site.pass_s(ROUND_S + 2)
    assert (site.awake(), len(site.ran)) == (["a"], 1)
    site.pass_s(IDLE_S + 31)
    assert (site.awake(), len(site.ran)) == ([], 1)
    assert (site.wake("a").at_ms, site.wake("a").called_ms) == ((NOW_S + 2 * PERIOD_S) * 1000, 0)
    site.pass_s(2 * PERIOD_S - site.clock.seconds() + ROUND_S + 2)
    assert (site.opened, len(site.ran)) == (["a"] * 3, 2)


def test_a_tenant_without_jobs_is_let_sleep(tmp_path: Path) -> None:
    """The built-in cleaning wakes nobody and costs no record."""
    site = Sleepers(tmp_path)
    site.world.tenant("a")
    _asleep(site, "a")
    site.pass_s(2 * PERIOD_S)
    assert (site.opened, site.wake("a")) == (["a"], None)
    assert not any(isinstance(one, commands.WakeSet | commands.WakeCall) for one in site.world.plane.proposed)


def test_a_tenant_that_is_awake_keeps_its_own_time(tmp_path: Path) -> None:
    """It is recorded once in ten minutes at most, and nobody calls it."""
    site = Sleepers(tmp_path, "a")
    site.world.tenant("a")
    site.load("a")
    for _ in range(3 * PERIOD_S // 30):
        site.load("a")
        site.pass_s(29)
    assert ([second // PERIOD_S for _, second in site.ran], site.opened) == ([1, 2, 3], ["a"])
    said = [one for one in site.world.plane.proposed if isinstance(one, commands.WakeSet)]
    assert len(said) <= 3
    assert not any(isinstance(one, commands.WakeCall) for one in site.world.plane.proposed)


def test_what_a_tenant_slept_through_runs_when_a_request_comes_first(tmp_path: Path) -> None:
    """The control plane's clock stands still; the request's load finds that a job is overdue."""
    site = Sleepers(tmp_path, "a")
    site.world.tenant("a")
    _asleep(site, "a")
    site.alarm.stop()
    site.pass_s(PERIOD_S)
    assert site.ran == []
    site.load("a")
    assert len(site.ran) == 1
    site.pass_s(IDLE_S + 31)
    site.load("a")
    assert len(site.ran) == 1


def test_a_member_that_does_not_lead_calls_nobody(tmp_path: Path) -> None:
    """The next leader does."""
    site = Sleepers(tmp_path, "a")
    site.world.tenant("a")
    _asleep(site, "a")
    site.world.plane.is_leader = False
    site.pass_s(PERIOD_S)
    assert (site.wake("a").called_ms, site.ran) == (0, [])
    site.world.plane.is_leader = True
    site.pass_s(ROUND_S + 3)
    assert len(site.ran) == 1


def test_a_time_that_could_not_be_told_is_told_later(tmp_path: Path) -> None:
    """The control plane is away while the tenant goes to sleep."""
    site = Sleepers(tmp_path, "a")
    site.world.tenant("a")
    site.load("a")
    site.cut = True
    site.pass_s(IDLE_S + 31)
    assert (site.awake(), site.wake("a")) == ([], None)
    site.cut = False
    site.pass_s(31)
    assert site.wake("a").at_ms == (NOW_S + PERIOD_S) * 1000


def test_the_record_outlives_the_node(tmp_path: Path) -> None:
    """Whoever has the tenant when its job is due runs it."""
    site = Sleepers(tmp_path, "a")
    site.world.tenant("a")
    _asleep(site, "a")
    site.membership.leave()
    site.host = site.boot("n2", tmp_path)
    site.pass_s(10)
    assert site.world.where("a") == "n2"
    site.pass_s(PERIOD_S - site.clock.seconds() + ROUND_S + 2)
    assert (site.awake(), len(site.ran)) == (["a"], 1)


def test_midnight_is_no_stampede(tmp_path: Path) -> None:
    """So many calls of a node are open at once; the earliest due come first."""
    site = Sleepers(tmp_path)
    world = site.world
    for number in range(NODE_CALLS_MAX + 5):
        world.run(world.plane.propose(commands.TenantCreate(f"t{number}", f"t{number}.localhost", node_id="n1")))
        world.run(world.plane.propose(commands.WakeSet(f"t{number}", 1, 1000 + number)))
    chosen = site.alarm._choose(sorted(world.plane.fleet.wakes.rows.values(), key=lambda one: one.at_ms), 10_000)
    assert [one[1] for one in chosen] == list(range(1000, 1000 + NODE_CALLS_MAX))
    world.run(world.plane.propose(commands.WakeCall(tuple(chosen))))
    assert site.alarm._choose(list(world.plane.fleet.wakes.rows.values()), world.plane.fleet.state.clock_ms) == []


def test_a_deleted_tenant_is_forgotten_and_a_stale_owner_is_refused(tmp_path: Path) -> None:
    """Nothing is left that could call it."""
    site = Sleepers(tmp_path)
    world = site.world
    world.tenant("a")
    epoch = world.plane.fleet.routes.rows["a"].epoch
    world.run(world.plane.propose(commands.WakeSet("a", epoch, 5)))
    assert world.plane.fleet.wakes.rows["a"] == Wake("a", 5, 0, world.plane.fleet.revision)
    answer = world.plane.fleet.apply(commands.encode_entry(commands.WakeSet("a", epoch + 1, 9), "", 0))
    assert "another owner" in str(answer.result)
    world.run(world.plane.propose(commands.TenantDelete("a")))
    assert site.wake("a") is None

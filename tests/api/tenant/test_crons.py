"""Jobs run when they are due, and when somebody asks."""

import pytest
from twisted.internet.task import Clock

from pbe.tenant.cron import Crons
from tests.kit.tenant_site import World

BUILT_IN = [
    {"id": "__pbDBOptimize__", "expression": "0 0 * * *"},
    {"id": "__pbMFACleanup__", "expression": "0 * * * *"},
    {"id": "__pbOTPCleanup__", "expression": "0 * * * *"},
    {"id": "__pbLogsCleanup__", "expression": "0 */6 * * *"},
]


def test_the_built_in_jobs(world: World) -> None:
    """A fresh tenant has the stock server's four; the fifth comes with a schedule for backups and goes with it."""
    assert world.root("GET", "/api/crons").json == BUILT_IN
    world.root("PATCH", "/api/settings", {"backups": {"cron": "0 3 * * *"}})
    assert world.root("GET", "/api/crons").json[-1] == {"id": "__pbAutoBackup__", "expression": "0 3 * * *"}
    world.root("PATCH", "/api/settings", {"backups": {"cron": ""}})
    assert world.root("GET", "/api/crons?fields=id").json[-1] == {"id": "__pbLogsCleanup__"}


@pytest.mark.parametrize("job", [job["id"] for job in BUILT_IN])
def test_a_job_is_run_on_request(world: World, job: str) -> None:
    """204, and nothing in the log says that it failed."""
    assert world.root("POST", f"/api/crons/{job}").status == 204
    for _ in range(20):
        world.clock.advance(0)
    assert world.query("SELECT count(*) FROM _logs WHERE level >= 8", auxiliary=True) == [(0,)]


def test_an_unknown_job(world: World) -> None:
    """404 in the stock server's words."""
    answer = world.root("POST", "/api/crons/nosuch")
    assert (answer.status, answer.json["message"]) == (404, "Missing or invalid cron job.")


def test_expired_codes_are_cleaned(world: World) -> None:
    """The hourly job deletes what no log-in would take any more, and nothing else."""
    for name, created in (("old", "2025-12-31 23:00:00.000Z"), ("new", "2026-01-01 00:00:00.000Z")):
        world.done(
            world.tenant.data.write(
                lambda tx, name=name, created=created: _insert(tx, name, created)  # type: ignore[misc]
            )
        )
    world.root("POST", "/api/crons/__pbOTPCleanup__")
    for _ in range(20):
        world.clock.advance(0)
    assert world.query("SELECT id FROM _otps") == [("new",)]


async def _insert(tx: object, name: str, created: str) -> None:
    tx.execute(  # type: ignore[attr-defined]
        "INSERT INTO _otps (id, collectionRef, recordRef, created) VALUES (?, '_pb_users_auth_', 'x', ?)",
        (name, created),
    )


def test_old_logs_are_deleted(world: World) -> None:
    """What is older than maxDays goes, the rest stays."""
    world.tenant.log.write(0, "old", {})
    world.done(world.tenant.log.settle())
    world.clock.advance(86400 * 5 + 1)
    for _ in range(20):
        world.clock.advance(0)
    world.tenant.log.write(0, "new", {})
    world.done(world.tenant.log.delete_expired())
    assert ("old",) not in world.query("SELECT message FROM _logs", auxiliary=True)
    assert ("new",) in world.query("SELECT message FROM _logs", auxiliary=True)


def _crons(clock: Clock) -> tuple[Crons, list[str]]:
    ran: list[str] = []

    def launch(job_id: str, work: object) -> None:
        ran.append(job_id)
        work.close()  # type: ignore[attr-defined]

    return Crons(clock, lambda: 1_767_225_600.0 + clock.seconds(), launch), ran


async def _nothing() -> None:
    return None


def test_each_job_has_its_minutes() -> None:
    """One timer serves all; no minute is missed, none is run twice."""
    clock = Clock()
    crons, ran = _crons(clock)
    crons.add("each", "* * * * *", _nothing)
    crons.add("third", "*/3 * * * *", _nothing)
    clock.pump([10] * 36)
    assert ran.count("each") == 6
    assert ran.count("third") == 2
    assert len(clock.getDelayedCalls()) == 1


def test_a_clock_that_stood_still_does_not_run_everything_at_once() -> None:
    """After a pause of an hour the last minute is run, not sixty."""
    clock = Clock()
    crons, ran = _crons(clock)
    crons.add("each", "* * * * *", _nothing)
    clock.rightNow += 3600
    clock.advance(0)
    clock.pump([1] * 5)
    assert 1 <= len(ran) <= 3


def test_a_sleeping_tenant_is_woken_for_its_own_jobs_only() -> None:
    """Cleaning can wait until somebody comes."""
    clock = Clock()
    crons, _ = _crons(clock)
    crons.add("__pbOTPCleanup__", "* * * * *", _nothing, wakes=False)
    assert crons.wake_at() is None
    crons.add("own", "30 0 * * *", _nothing)
    assert crons.wake_at() == 1_767_225_600.0 + 1800


def test_what_was_slept_through_is_started_once_and_cleaning_is_not() -> None:
    """Each job, however often it was due meanwhile; not those that are due only after the clock began."""
    clock = Clock()
    clock.advance(3630)
    crons, ran = _crons(clock)
    for job_id, expression, wakes in (
        ("each", "* * * * *", True),
        ("past", "5 0 * * *", True),
        ("next", "2 1 * * *", True),
        ("__pbOTPCleanup__", "* * * * *", False),
    ):
        crons.add(job_id, expression, _nothing, wakes=wakes)
    crons.catch_up(1_767_225_600.0 + 60)
    assert sorted(ran) == ["each", "past"]

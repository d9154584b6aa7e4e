from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.errors import Unavailable
from pbe.storage.sqlite_errors import DatabaseBroken
from pbe.tenant.opening import open_tenant
from pbe.tenant.tenant import DATABASES, Tenant
from tests.kit.sqlite_bench import outcome
from tests.kit.tenant_services import services


def opened(folder: Path, clock: Clock) -> Tenant:
    """A tenant in `folder`, open after a few turns."""
    opening = Deferred.fromCoroutine(open_tenant("acme", folder, services(clock)))
    clock.pump([0] * 20)
    tenant = outcome(opening)
    assert isinstance(tenant, Tenant)
    return tenant


def test_a_tenant_is_three_databases_in_its_folder(tmp_path: Path) -> None:
    """The files are made where there are none."""
    tenant = opened(tmp_path / "acme", Clock())
    assert tuple(database.name for database in tenant.databases) == DATABASES
    assert all((tmp_path / "acme" / name).exists() for name in DATABASES)
    assert tenant.memory_bytes() > 0


def test_closing_ends_what_runs_before_the_databases(tmp_path: Path) -> None:
    """The latest added ends first, and can still use the databases; an error does not keep the rest open."""
    clock = Clock()
    tenant = opened(tmp_path, clock)
    ended: list[str] = []

    async def first() -> None:
        ended.append("first")
        raise Unavailable("spool")

    async def second() -> None:
        await tenant.data.query("SELECT 1")
        ended.append("second")

    tenant.closing += [first, second]
    closing = Deferred.fromCoroutine(tenant.close())
    clock.pump([0] * 20)
    with pytest.raises(Unavailable, match="Spool"):
        outcome(closing)
    assert ended == ["second", "first"]
    assert all(database.closed for database in tenant.databases)


def test_a_broken_database_keeps_the_tenant_shut(tmp_path: Path) -> None:
    """One unsound file is reported, and nothing of the tenant stays open."""
    (tmp_path / "hooks.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(DatabaseBroken):
        opened(tmp_path, Clock())

"""A fresh tenant has exactly what stock PocketBase makes of an empty folder."""

import json
from pathlib import Path

import apsw
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pbe.tenant.opening import open_tenant
from pbe.tenant.tenant import Tenant
from tests.kit.tenant_services import services

case = SynchronousTestCase()


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    """A tenant in an empty folder."""
    return case.successResultOf(Deferred.fromCoroutine(open_tenant("t", tmp_path, services(Clock()))))


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What another connection sees."""
    connection = apsw.Connection(str(path))
    try:
        return list(connection.execute(sql))
    finally:
        connection.close()


def test_the_databases_have_the_stock_tables(tenant: Tenant, tmp_path: Path) -> None:
    """Table by table, in the order in which stock creates them."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    assert [name for (name,) in rows(tmp_path / "data.db", names)] == [
        "_migrations", "_params", "_collections", "_mfas", "_otps", "_externalAuths", "_authOrigins", "_superusers",
        "users",
    ]  # fmt: skip
    assert rows(tmp_path / "auxiliary.db", names) == [("_logs",)]
    assert rows(tmp_path / "hooks.db", names) == [("hooks",), ("hook_executions",)]


def test_the_text_of_tables_is_stocks_own(tenant: Tenant, tmp_path: Path) -> None:
    """`sqlite_master` keeps it, so it is part of the format."""
    found = dict(rows(tmp_path / "data.db", "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    assert found["users"] == (
        "CREATE TABLE `users` (`avatar` TEXT DEFAULT '' NOT NULL, `created` TEXT DEFAULT '' NOT NULL, "
        "`email` TEXT DEFAULT '' NOT NULL, `emailVisibility` BOOLEAN DEFAULT FALSE NOT NULL, "
        "`id` TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL, `name` TEXT DEFAULT '' NOT NULL, "
        "`password` TEXT DEFAULT '' NOT NULL, `tokenKey` TEXT DEFAULT '' NOT NULL, `updated` TEXT DEFAULT '' NOT NULL, "
        "`verified` BOOLEAN DEFAULT FALSE NOT NULL)"
    )
    assert found["idx_authOrigins_unique_pairs"] == (
        "CREATE UNIQUE INDEX `idx_authOrigins_unique_pairs` ON `_authOrigins` (\n"
        "  `collectionRef`,\n  `recordRef`,\n  `fingerprint`\n)"
    )


def test_the_catalog_knows_the_collections_by_name_and_id(tenant: Tenant) -> None:
    """In any case of the name, in the exact case of the id."""
    assert [entry.name for entry in tenant.catalog.collections()] == [
        "_mfas", "_otps", "_externalAuths", "_authOrigins", "_superusers", "users",
    ]  # fmt: skip
    users = tenant.catalog.collection("USERS")
    assert users is not None
    assert users is tenant.catalog.collection("_pb_users_auth_")
    assert tenant.catalog.collection("_PB_USERS_AUTH_") is None
    assert users.options["authToken"]["duration"] == 432000
    assert len(users.options["authToken"]["secret"]) == 50
    superusers = tenant.catalog.collection("pbc_3142635823")
    assert superusers is not None
    assert superusers.options["authToken"]["duration"] == 86400


def test_settings_and_migrations_are_there(tenant: Tenant, tmp_path: Path) -> None:
    """As a stock server leaves them behind."""
    ((value, kind),) = rows(tmp_path / "data.db", "SELECT value, typeof(value) FROM _params")
    assert kind == "blob"
    assert json.loads(value)["meta"]["appName"] == "Acme"  # type: ignore[arg-type]
    assert len(rows(tmp_path / "data.db", "SELECT * FROM _migrations")) == 8


def test_opening_again_changes_nothing(tenant: Tenant, tmp_path: Path) -> None:
    """Secrets and rows stay."""
    before = rows(tmp_path / "data.db", "SELECT * FROM _collections")
    case.successResultOf(Deferred.fromCoroutine(tenant.data.query("SELECT 1")))
    case.successResultOf(Deferred.fromCoroutine(open_tenant("t", tmp_path, services(Clock()))))
    assert rows(tmp_path / "data.db", "SELECT * FROM _collections") == before

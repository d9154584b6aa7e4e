"""An operator's way into a tenant."""

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from pbe.tenant import superuser
from pbe.tenant.opening import open_tenant
from pbe.tenant.tenant import Tenant
from tests.kit.tenant_services import services


def done(coroutine: Any) -> Any:
    """The result of a coroutine that need not wait, or waits only for the reactor's turn."""
    results: list[Any] = []
    failures: list[Any] = []
    Deferred.fromCoroutine(coroutine).addCallbacks(results.append, failures.append)
    if failures:
        failures[0].raiseException()
    return results


def test_a_superuser_is_made_once_and_its_password_renewed(tmp_path: Path) -> None:
    """The same e-mail keeps its id; a new password comes with a new token key, which ends its sessions."""
    given = services()
    opened = done(open_tenant("t", tmp_path, given))
    given.clock.advance(1)  # type: ignore[attr-defined]
    tenant: Tenant = opened[0]
    rows = []
    for email, hashed in (("a@b.co", "hash-1"), ("A@b.co", "hash-2"), ("c@d.co", "hash-3")):
        saved = done(superuser.upsert(tenant, email, hashed))
        given.clock.advance(1)  # type: ignore[attr-defined]
        row = done(tenant.data.query("SELECT password, tokenKey, verified FROM _superusers WHERE id = ?", saved))[0][0]
        rows.append((saved[0], *row))
    assert [row[1] for row in rows] == ["hash-1", "hash-2", "hash-3"]
    assert rows[0][0] == rows[1][0] != rows[2][0]
    assert rows[0][2] != rows[1][2]
    assert all(len(row[2]) == 50 and row[3] == 1 for row in rows)
    done(tenant.close())
    given.clock.advance(1)  # type: ignore[attr-defined]

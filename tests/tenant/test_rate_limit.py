"""Rate limits find the stock server's rule and count in fixed windows."""

from pathlib import Path

import pytest

from pbe.tenant import cron_system, rate_limit, settings_store
from pbe.tenant.rate_limit import RateLimits, Rule
from pbe.tenant.settings import DEFAULTS
from tests.kit.record_site import RecordSite


def _rule(label: str, audience: str = "", requests: int = 2, duration: int = 3) -> dict[str, object]:
    return {"label": label, "audience": audience, "maxRequests": requests, "duration": duration}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["users:authWithPassword", "users:auth", "*:authWithPassword", "*:auth", "POST /api/x", "/api/x"], "*:auth"),
        (["POST /api/batch", "/api/batch"], "/api/batch"),
        (["GET /api/health", "/api/health"], "/api/"),
        (["GET /api", "/api"], "/api/"),
        (["GET /", "/"], None),
        (["GET /apix", "/apix"], None),
    ],
)
def test_the_default_rules(labels: list[str], expected: str | None) -> None:
    """A direct label wins over the prefix that comes later in the list of labels."""
    rule = RateLimits(DEFAULTS["rateLimits"]["rules"]).find(labels, authenticated=False)
    assert (rule.label if rule else None) == expected


@pytest.mark.parametrize(("authenticated", "expected"), [(False, "@guest"), (True, "@auth")], ids=["a guest", "a user"])
def test_the_audience_chooses(authenticated: bool, expected: str) -> None:
    """Of two rules with one label, the request's audience decides."""
    limits = RateLimits([_rule("/api/", "@guest"), _rule("/api/", "@auth")])
    rule = limits.find(["GET /api/x", "/api/x"], authenticated=authenticated)
    assert rule is not None
    assert rule.audience == expected


def test_a_window_is_fixed_and_starts_anew() -> None:
    """Two in three seconds: the third is refused, the window's end gives two again."""
    limits, rule = RateLimits([]), Rule("x", "", 3, 2)
    answers = [limits.allow("x", rule, "127.0.0.1", now) for now in (10.0, 11.9, 12.0, 12.9, 13.0, 13.1, 13.2)]
    assert answers == [True, True, False, False, True, True, False]


def test_clients_and_limiters_are_counted_apart() -> None:
    """One client's requests do not use up another's window, nor another limiter's."""
    limits, rule = RateLimits([]), Rule("x", "", 3, 1)
    assert limits.allow("x", rule, "1.1.1.1", 10)
    assert limits.allow("x", rule, "2.2.2.2", 10)
    assert limits.allow("y", rule, "1.1.1.1", 10)
    assert not limits.allow("x", rule, "1.1.1.1", 10)


def test_old_windows_are_forgotten() -> None:
    """Cleaning drops what ended half an hour ago."""
    limits, rule = RateLimits([]), Rule("x", "", 3, 1)
    limits.allow("x", rule, "1.1.1.1", 10)
    limits.clean(13 + rate_limit.IDLE_S)
    assert len(limits) == 1
    limits.clean(14 + rate_limit.IDLE_S)
    assert len(limits) == 0


def test_a_flood_of_clients_is_bounded() -> None:
    """However many addresses ask, no more than CLIENTS_MAX windows are kept, the newest among them."""
    limits, rule = RateLimits([]), Rule("x", "", 3, 1)
    for number in range(rate_limit.CLIENTS_MAX + 5000):
        limits.allow("x", rule, str(number), 10)
    assert len(limits) <= rate_limit.CLIENTS_MAX
    assert not limits.allow("x", rule, str(rate_limit.CLIENTS_MAX + 4999), 10)


def test_the_job_that_cleans_comes_with_the_first_counted_request(tmp_path: Path) -> None:
    """Settings, even others, take it away again, as they begin the windows anew."""
    tenant = RecordSite(tmp_path).tenant
    ids = [job.id for job in tenant.crons.jobs()]
    assert cron_system.LIMITS not in ids
    rule = Rule("/api/", "", 1, 5)
    for _ in range(2):
        assert tenant.limits.allow("x", rule, "1.2.3.4", tenant.now() - 10_000)
        assert [job.id for job in tenant.crons.jobs()] == [*ids, cron_system.LIMITS]
    assert tenant.crons.run(cron_system.LIMITS)
    assert len(tenant.limits) == 0
    settings_store.use(tenant, tenant.settings)
    assert [job.id for job in tenant.crons.jobs()] == ids

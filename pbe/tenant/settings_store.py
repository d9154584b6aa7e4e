"""Where a tenant's settings are: the row `settings` of `_params`; and what a change of them sets in motion."""

from typing import Any

from pbe.errors import BadRequest
from pbe.schema import dates
from pbe.storage.sqlite import Transaction
from pbe.tenant.rate_limit import RateLimits
from pbe.tenant.settings import Settings
from pbe.tenant.settings_check import check
from pbe.tenant.tenant import Tenant

KEY = "settings"
_READ = "SELECT CAST(`value` AS TEXT) FROM `_params` WHERE `id` = 'settings'"
_WRITE = """
    INSERT INTO `_params` (`id`, `value`, `created`, `updated`) VALUES ('settings', ?1, ?2, ?2)
    ON CONFLICT (`id`) DO UPDATE SET `value` = ?1, `updated` = ?2
"""
NOT_SAVED = "An error occurred while saving the new settings."


async def load(tenant: Tenant) -> None:
    """Read the stored settings and use them; the defaults are stored where there are none.

    Raises `SettingsUnreadable` for a row that is encrypted or damaged.
    """
    rows = await tenant.data.query(_READ)
    if rows and rows[0][0] not in (None, "", "null"):
        use(tenant, Settings.from_json(rows[0][0]))
    else:
        await _store(tenant, Settings.default())
        use(tenant, Settings.default())


async def save(tenant: Tenant, settings: Settings) -> None:
    """Check, store and use settings; `BadRequest` with the errors where they may not be saved."""
    errors: dict[str, Any] | None = check(settings)
    if errors:
        raise BadRequest(NOT_SAVED, errors)
    await _store(tenant, settings)
    use(tenant, settings)


async def rename_collection(tenant: Tenant, old: str, new: str) -> None:
    """Let rate limits that name a collection name it as it is called now."""
    rules = tenant.settings.rate_limits["rules"]
    renamed = [
        {**rule, "label": f"{new}:{rule['label'].removeprefix(f'{old}:')}"}
        if rule["label"].startswith(f"{old}:")
        else rule
        for rule in rules
    ]
    if renamed != rules:
        settings = tenant.settings.merged({"rateLimits": {"rules": renamed}})
        await _store(tenant, settings)
        use(tenant, settings)


def use(tenant: Tenant, settings: Settings) -> None:
    """Let the tenant go by these settings from now on; its rate limits' windows start anew."""
    tenant.settings = settings
    tenant.limits = RateLimits(settings.rate_limits["rules"])
    tenant.log.options = settings.logs
    for follow in tenant.on_settings:
        follow()


async def _store(tenant: Tenant, settings: Settings) -> None:
    value, now = settings.to_json(), dates.from_seconds(tenant.now())

    async def work(transaction: Transaction) -> None:
        transaction.execute(_WRITE, (value, now))

    await tenant.data.write(work)

"""The jobs that every tenant has."""

from pbe.query.sql import name
from pbe.schema import dates
from pbe.storage.sqlite import Transaction
from pbe.tenant import backup, file_orphans
from pbe.tenant.auth_links import MFAS, OTPS
from pbe.tenant.tenant import Tenant

OPTIMIZE, MFA, OTP, LOGS, BACKUP = (
    "__pbDBOptimize__",
    "__pbMFACleanup__",
    "__pbOTPCleanup__",
    "__pbLogsCleanup__",
    "__pbAutoBackup__",
)
LIMITS = "__pbRateLimitersCleanup__"


def install(tenant: Tenant) -> None:
    """Add the built-in jobs to a tenant that was just opened."""
    crons = tenant.crons
    crons.add(OPTIMIZE, "0 0 * * *", lambda: optimize(tenant), wakes=False)
    crons.add(MFA, "0 * * * *", lambda: delete_expired(tenant, MFAS, "mfa"), wakes=False)
    crons.add(OTP, "0 * * * *", lambda: delete_expired(tenant, OTPS, "otp"), wakes=False)
    crons.add(LOGS, "0 */6 * * *", tenant.log.delete_expired, wakes=False)
    follow_settings(tenant)
    tenant.on_settings.append(lambda: follow_settings(tenant))


def follow_settings(tenant: Tenant) -> None:
    """Let the job for backups follow the settings; that for rate limits comes with the first request they count."""
    expression = tenant.settings.backups["cron"]
    if expression:
        tenant.crons.add(BACKUP, expression, lambda: backup.make_automatic(tenant))
    else:
        tenant.crons.remove(BACKUP)
    tenant.crons.remove(LIMITS)
    tenant.limits.on_first = lambda: tenant.crons.add(LIMITS, "2 * * * *", lambda: clean_limits(tenant), wakes=False)


async def clean_limits(tenant: Tenant) -> None:
    """Forget the rate limits' windows that ended long ago."""
    tenant.limits.clean(tenant.now())


async def optimize(tenant: Tenant) -> None:
    """Let SQLite look at its statistics, and delete files that no record names."""

    async def work(transaction: Transaction) -> None:
        await transaction.heavy("PRAGMA optimize")

    for database in (tenant.data, tenant.auxiliary):
        await database.write(work, exclusive=True)
    await file_orphans.sweep(tenant)


async def delete_expired(tenant: Tenant, table: str, option: str) -> None:
    """Delete second factors or one-time passwords that no auth collection would take any more."""
    limits = [
        (collection.id, dates.from_seconds(tenant.now() - collection.options[option]["duration"]))
        for collection in tenant.catalog.collections()
        if collection.is_auth
    ]

    async def work(transaction: Transaction) -> None:
        for pair in limits:
            transaction.execute(f"DELETE FROM {name(table)} WHERE collectionRef = ? AND created < ?", pair)

    await tenant.data.write(work)

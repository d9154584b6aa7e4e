"""Makes a superuser whose password is hashed already: how the platform lets an operator into a tenant."""

from datetime import UTC, datetime

from pbe.storage.sqlite import Transaction
from pbe.tenant.secret import secret_text
from pbe.tenant.tenant import Tenant

TOKEN_KEY_CHARS = 50
ID_CHARS = 15


async def upsert(tenant: Tenant, email: str, password_hash: str) -> str:
    """The id of the superuser with this e-mail, made where there is none. A new password ends all its sessions.

    password_hash: bcrypt's, as stock PocketBase keeps it. No hook and no rule is asked.
    """
    random_bytes = tenant.services.random_bytes
    moment = datetime.fromtimestamp(tenant.now(), UTC)
    now = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    token_key = secret_text(random_bytes, TOKEN_KEY_CHARS)
    fresh_id = secret_text(random_bytes, ID_CHARS).lower()

    async def work(tx: Transaction) -> str:
        found = tx.query("SELECT id FROM `_superusers` WHERE email = ? COLLATE NOCASE", (email,))
        if found:
            record_id = str(found[0][0])
            tx.execute(
                "UPDATE `_superusers` SET password = ?, tokenKey = ?, updated = ? WHERE id = ?",
                (password_hash, token_key, now, record_id),
            )
            return record_id
        tx.execute(
            "INSERT INTO `_superusers` (id, email, password, tokenKey, emailVisibility, verified, created, updated)"
            " VALUES (?, ?, ?, ?, FALSE, TRUE, ?, ?)",
            (fresh_id, email, password_hash, token_key, now, now),
        )
        return fresh_id

    return await tenant.data.write(work)

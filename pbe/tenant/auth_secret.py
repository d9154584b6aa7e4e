"""Passwords that nobody chose."""

from pbe.schema.field_password import COST_DEFAULT, Password, PasswordField
from pbe.tenant.password import hash_password
from pbe.tenant.record import Record
from pbe.tenant.record_save import refresh_token_key
from pbe.tenant.secret import secret_text
from pbe.tenant.tenant import Tenant

PASSWORD_CHARS = 30
DIGITS = "1234567890"
_USABLE = 250


async def random_password(tenant: Tenant, record: Record) -> None:
    """Give an auth record a password that nobody knows, and a new token key, which ends its sessions."""
    field = record.collection.field("password")
    cost = field.bcrypt_cost if isinstance(field, PasswordField) else COST_DEFAULT
    plain = secret_text(tenant.services.random_bytes, PASSWORD_CHARS)
    record.put("password", Password(hash=await hash_password(tenant.workers, plain, cost)))
    refresh_token_key(tenant, record)


def random_digits(tenant: Tenant, count: int) -> str:
    """`count` digits, each equally likely."""
    out: list[str] = []
    while len(out) < count:
        out.extend(DIGITS[byte % 10] for byte in tenant.services.random_bytes(count) if byte < _USABLE)
    return "".join(out[:count])

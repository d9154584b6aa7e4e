"""What is different about superusers: always verified, never none left, and the installer's account is temporary."""

from pbe.errors import BadRequest
from pbe.query.sql import name
from pbe.tenant.record import Record
from pbe.tenant.unit import Unit

INSTALLER_EMAIL = "__pbinstaller@example.com"


def before_save(record: Record) -> None:
    """A superuser is always verified."""
    if record.is_superuser:
        record.put("verified", True)


def after_insert(unit: Unit, record: Record) -> None:
    """The first real superuser takes the place of the installer's."""
    if record.is_superuser and unit.tx is not None and record.get("email") != INSTALLER_EMAIL:
        unit.tx.execute(f"DELETE FROM {name(record.collection.name)} WHERE email = ?", (INSTALLER_EMAIL,))


async def before_delete(unit: Unit, record: Record) -> None:
    """The last superuser stays; raises `BadRequest`."""
    if record.is_superuser:
        rows = await unit.query(f"SELECT count(*) FROM {name(record.collection.name)}")
        if rows[0][0] == 1:
            raise BadRequest("You can't delete the only existing superuser.")

"""What a node gives each of its tenants."""

from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from pbe.mail.mailer import Mailer, NoMailer
from pbe.net.outbound import Outbound
from pbe.storage.sqlite_readers import Readers
from pbe.storage.workers import Runs
from pbe.tenant.file_store import FileHome


@dataclass(frozen=True, slots=True)
class TenantServices:
    """One for the whole node, made by `roles`; tenants never own what is in here.

    clock: timers; now: seconds since the epoch; random_bytes: n unpredictable bytes; workers: threads for what blocks
    (bcrypt, images); readers: threads for slow SQL. outbound: connections to mail servers and identity providers that a
    tenant chooses, None where none may be made; mailer: the platform's own, for tenants without a mail server. files:
    the home of uploaded files, None where none can be stored.
    """

    clock: IReactorTime
    now: Callable[[], float]
    random_bytes: Callable[[int], bytes]
    workers: Runs
    readers: Readers
    outbound: Outbound | None = None
    mailer: Mailer = field(default_factory=NoMailer)
    files: FileHome | None = None

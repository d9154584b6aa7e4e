"""What a node gives its tenants, without a node."""

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from pbe.storage.sqlite_readers import Readers
from pbe.tenant.services import TenantServices
from tests.kit.workers import InlineWorkers

NOW_S = 1_767_225_600.0


def predictable_bytes() -> Callable[[int], bytes]:
    """Bytes that look random and are the same in each run."""
    numbers = itertools.count()
    return lambda count: hashlib.shake_128(b"%d" % next(numbers)).digest(count)


def services(clock: Clock | None = None, **others: Any) -> TenantServices:
    """Services on a Clock that begins at 2026-01-01, with inline workers; `others` replaces any of them."""
    clock = clock or Clock()
    workers = InlineWorkers()
    given: dict[str, Any] = {
        "clock": clock,
        "now": lambda: NOW_S + clock.seconds(),
        "random_bytes": predictable_bytes(),
        "workers": workers,
        "readers": Readers(workers),
    }
    return TenantServices(**(given | others))

"""A tenant whose collections are changed by the services themselves, and the clock that its writer waits for."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.errors import BadRequest
from pbe.tenant import collection_actions as actions
from pbe.tenant.opening import open_tenant
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant
from tests.kit.tenant_services import services

T = TypeVar("T")
INFO = RequestInfo()
TITLE = {"type": "text", "name": "title"}


class World:
    """A tenant and the clock that its writer waits for."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.tenant: Tenant = self.run(open_tenant("t", folder, services(self.clock)))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result, after as many turns of the reactor as it takes."""
        done: list[Any] = []
        Deferred.fromCoroutine(work).addBoth(done.append)
        for _ in range(50):
            if done:
                break
            self.clock.advance(0)
        (result,) = done
        if hasattr(result, "raiseException"):
            result.raiseException()
        return result  # type: ignore[no-any-return]

    def create(self, **data: Any) -> Any:
        """A new collection."""
        return self.run(actions.create(self.tenant, INFO, data))

    def update(self, which: str, **data: Any) -> Any:
        """A changed collection."""
        return self.run(actions.update(self.tenant, INFO, which, data))

    def sql(self, text: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of data.db."""
        return self.run(self.tenant.data.query(text, params))

    def write(self, text: str, *params: Any) -> None:
        """Change data.db."""

        async def work(tx: Any) -> None:
            tx.execute(text, params)

        self.run(self.tenant.data.write(work))

    def refused(self, work: Coroutine[Any, Any, Any]) -> BadRequest:
        """The refusal."""
        with pytest.raises(BadRequest) as raised:
            self.run(work)
        return raised.value

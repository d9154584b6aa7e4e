from collections.abc import Mapping

import pytest

from pbe.objects.memory import MemoryStore
from pbe.objects.probe import Unfit, probe
from tests.objects.test_conformance import run


class Careless(MemoryStore):
    """A store that takes the headers and ignores some of them, as several do."""

    def __init__(self, ignored: str) -> None:
        super().__init__(lambda: 0.0)
        self._ignored = ignored

    async def put(
        self,
        key: str,
        data: bytes,
        *,
        if_none_match: bool = False,
        if_match: str | None = None,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
        storage_class: str | None = None,
    ) -> str:
        """Writes whatever the condition."""
        if self._ignored == "If-Match":
            if_match = None
        else:
            if_none_match = False
        return await super().put(key, data, if_none_match=if_none_match, if_match=if_match, metadata=metadata)


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_store_that_ignores_a_condition_is_refused(header: str) -> None:
    """The sentence names the header, and the probe's object is gone."""
    store = Careless(header)
    with pytest.raises(Unfit, match=f"{header} does not hold"):
        run(probe(store, "n"))
    assert store.objects == {}

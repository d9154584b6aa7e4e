"""The control plane as a node or gateway in the same process reaches it: no bytes, the same calls and topics."""

from typing import Any

from pbe.cluster.desk import Desk
from pbe.cluster.feed import Feed, Stop, Teller
from pbe.errors import NotFound


class LocalControl:
    """Calls the desk and subscribes to the feed directly."""

    def __init__(self, desk: Desk, feed: Feed) -> None:
        self._calls = desk.calls()
        self._feed = feed

    async def call(self, method: str, payload: Any = None, timeout_s: float = 5.0) -> Any:
        """The desk's answer; there is nothing to time out but the control plane itself."""
        handler = self._calls.get(method)
        if handler is None:
            raise NotFound(f"There is no call {method}.")
        return await handler(payload)

    def subscribe(self, topic: str, revision: int, listener: Teller) -> Stop:
        """Tell the listener what happens on a topic."""
        return self._feed.subscribe(topic, revision, listener)

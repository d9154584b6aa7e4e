"""A watch that outlives its links: it remembers its revision and resumes by it."""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from pbe.errors import NetError, PbeError
from pbe.net.link import Link

RESUME_S = 0.5
_log = Logger()


class Watch:
    """One topic, one listener. What the peer refuses is asked again every RESUME_S while the link stands."""

    def __init__(
        self,
        topic: str,
        revision: int,
        listener: Callable[[int, Any], None],
        clock: IReactorTime,
        stopped: "Callable[[Watch], None]",
    ) -> None:
        self.topic = topic
        self.revision = revision
        self._listener = listener
        self._clock = clock
        self._stopped = stopped
        self._over = False
        self._stop: Callable[[], None] | None = None
        self._retry: IDelayedCall | None = None

    def resume(self, link: Link) -> None:
        """Ask `link` for everything after the last revision seen."""
        self._retry = None
        if self._over or not link.is_open:
            return
        self._stop = link.subscribe(self.topic, self.revision, self._heard, lambda error: self._ended(link, error))

    def stop(self) -> None:
        """No more events."""
        if self._over:
            return
        self._over = True
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        if self._stop is not None:
            self._stop()
        self._stopped(self)

    def _heard(self, revision: int, body: Any) -> None:
        self._listener(revision, body)
        self.revision = max(self.revision, revision)

    def _ended(self, link: Link, error: PbeError) -> None:
        self._stop = None
        if not self._over and link.is_open:
            if not isinstance(error, NetError):
                _log.info("watch of {topic} refused: {error}", topic=self.topic, error=error)
            self._retry = self._clock.callLater(RESUME_S, self.resume, link)

"""What sends messages, and two that need no mail server: a folder, and one that refuses."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pbe.ids import random_id
from pbe.mail.message import MailRefused, Message, render

FOLDER_MAILS_MAX = 1000
"""A mail folder keeps this many, the oldest go."""


class Mailer(Protocol):
    """Sends one message at a time."""

    async def send(self, message: Message) -> None:
        """Hand the message over; raises MailRefused. Not promised: that it is delivered."""
        ...


class NoMailer:
    """The mailer of who has none: refuses each message for the same reason."""

    def __init__(self, reason: str = "failed to locate a sendmail executable path") -> None:
        self._reason = reason

    async def send(self, message: Message) -> None:
        """Raises MailRefused."""
        raise MailRefused(self._reason)


class FolderMailer:
    """Writes each message to a file of its own, `<milliseconds>-<random>.eml`, for development."""

    def __init__(self, folder: str, now: Callable[[], float], random_bytes: Callable[[int], bytes]) -> None:
        self._folder = Path(folder)
        self._now = now
        self._random_bytes = random_bytes

    async def send(self, message: Message) -> None:
        """Write the message; the file has its final name only once it is whole."""
        unique = random_id(self._random_bytes)
        name = f"{int(self._now() * 1000):013d}-{unique}.eml"
        data = render(message, self._now(), unique)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{name}"
            part.write_bytes(data)
            part.rename(self._folder / name)
            self._drop_oldest()
        except OSError as error:
            raise MailRefused(f"the mail folder cannot be written: {error.strerror}") from error

    def _drop_oldest(self) -> None:
        mails = sorted(name for name in os.listdir(self._folder) if name.endswith(".eml") and name[0] != ".")
        for name in mails[:-FOLDER_MAILS_MAX]:
            (self._folder / name).unlink()

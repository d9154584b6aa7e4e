"""A real SMTP server on loopback, Twisted's, in a process of its own; each message becomes a file of a folder."""

import email
import subprocess
import sys
import time
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class SmtpSink:
    """Takes any mail; `wait(count)` gives what came."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        command = [sys.executable, "-m", "tests.integration.smtp_sink", str(folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> "SmtpSink":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)

    def count(self) -> int:
        """How many messages came."""
        return len(list(self._folder.glob("*.eml")))

    def wait(self, count: int, seconds: float = 10.0) -> list[EmailMessage]:
        """The first `count` messages; fails where they do not come."""
        deadline = time.monotonic() + seconds
        while self.count() < count:
            assert time.monotonic() < deadline, f"{self.count()} of {count} mails came"
            time.sleep(0.02)
        raw = [path.read_bytes() for path in sorted(self._folder.glob("*.eml"))]
        messages = [email.message_from_bytes(one, policy=policy.default) for one in raw]
        return [message for message in messages if isinstance(message, EmailMessage)]


def serve(folder: Path) -> None:
    """Listen, say where, and write down what comes, until the process is ended."""
    from twisted.internet import reactor as running
    from twisted.internet.protocol import Factory

    from tests.kit.smtp_peer import MailBox

    class Box(MailBox):
        """Writes each letter to a file once it is whole."""

        def keep(self, letter: bytes) -> None:
            """One more."""
            name = f"{len(self.letters):04d}"
            (folder / f"{name}.part").write_bytes(letter)
            (folder / f"{name}.part").rename(folder / f"{name}.eml")
            self.letters.append(letter)

    reactor: Any = running
    box = Box()
    port = reactor.listenTCP(0, Factory.forProtocol(box.server), interface="127.0.0.1")
    sys.stdout.write(f"{port.getHost().port}\n")
    sys.stdout.flush()
    reactor.run()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))

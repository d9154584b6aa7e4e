"""How a process speaks to its operator, and how it ends with a status."""

import atexit
import os
import sys
from pathlib import Path
from typing import Any, TextIO


def say(line: str, *, error: bool = False) -> None:
    """Tell the operator: on the terminal (or journal) itself where there is one, else in twistd's log."""
    real = sys.__stderr__ if error else sys.__stdout__
    stream = sys.stderr if error else sys.stdout
    if real is not None and not real.closed and not _is_nowhere(real):
        stream = real
    stream.write(line + "\n")
    stream.flush()


def _is_nowhere(stream: TextIO) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), Path(os.devnull).stat())
    except (OSError, ValueError):
        return True


def end_broken(reactor: Any, sentence: str) -> None:
    """The process cannot go on without doing harm: say why, and end with status 1."""
    say(f"pbe: {sentence}", error=True)
    leave_with(1)
    if reactor.running:
        reactor.stop()


def leave_with(status: int) -> None:
    """Have the process end with `status`: twistd itself knows only 0 once it runs."""

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    atexit.register(leave)

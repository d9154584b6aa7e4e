"""The process's folder: made private, locked against a second process, with the cluster's secret in it."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from pbe.roles.config import SECRET_FILE, Config
from pbe.roles.values import ConfigError
from pbe.wire.handshake import SECRET_BYTES_MIN

LOCK_FILE = "lock"
SECRET_BYTES = 32
SECRET_FILE_BYTES_MAX = 4096


class Folder:
    """DIR for the life of this process. `close` gives it back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock: IO[bytes] = (path / LOCK_FILE).open("ab")
        except OSError as error:
            raise ConfigError(f"The folder {path} of --dir cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise ConfigError(f"Another process uses the folder {path} of --dir.") from error

    def close(self) -> None:
        """Give the folder back."""
        self._lock.close()


def make_secret(config: Config, random_bytes: Callable[[int], bytes]) -> bytes:
    """The cluster's secret, made where DIR is to hold it and does not yet."""
    path = config.cluster_secret_file
    if path == config.dir / SECRET_FILE and not path.exists():
        fresh = path.with_name(f"{SECRET_FILE}.part")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(random_bytes(SECRET_BYTES).hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return read_secret(path)


def read_secret(path: Path) -> bytes:
    """The secret in the file, its line end left out."""
    try:
        with path.open("rb") as file:
            secret = file.read(SECRET_FILE_BYTES_MAX).strip()
    except OSError as error:
        raise ConfigError(f"The cluster secret {path} cannot be read: {error.strerror}.") from error
    if len(secret) < SECRET_BYTES_MIN:
        raise ConfigError(f"The cluster secret {path} is too short: it needs at least {SECRET_BYTES_MIN} characters.")
    return secret

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbe.objects.folder import FolderStore
from pbe.objects.memory import MemoryStore
from pbe.objects.s3 import S3Store
from pbe.objects.store import ObjectStore
from tests.kit.moto_peer import MotoPeer
from tests.kit.workers import InlineWorkers


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoPeer]:
    """One S3 server for all tests of the session."""
    peer = MotoPeer(tmp_path_factory.mktemp("moto"))
    yield peer
    peer.close()


def _unsupported(*_: object) -> None:
    raise OSError(errno.ENOTSUP, "no attributes here")


@pytest.fixture(params=["memory", "folder", "folder without attributes", "s3", "s3 prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """Each implementation, empty."""
    if request.param == "memory":
        yield MemoryStore(lambda: 1000.0)
    elif "folder" in request.param:
        if "without" in request.param:
            monkeypatch.setattr("os.setxattr", _unsupported)
        yield FolderStore(tmp_path / "objects", InlineWorkers())
    else:
        peer: MotoPeer = request.getfixturevalue("moto")
        s3 = S3Store(peer.place("some/where" if "prefix" in request.param else ""), InlineWorkers())
        yield s3
        s3.close()

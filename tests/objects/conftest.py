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


@pytest.fixture(params=["memory", "folder", "s3", "s3 prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """Each implementation, empty."""
    if request.param == "memory":
        yield MemoryStore(lambda: 1000.0)
    elif request.param == "folder":
        yield FolderStore(tmp_path / "objects", InlineWorkers())
    else:
        peer: MotoPeer = request.getfixturevalue("moto")
        s3 = S3Store(peer.place("some/where" if "prefix" in request.param else ""), InlineWorkers())
        yield s3
        s3.close()

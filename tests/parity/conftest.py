"""The two servers, once a session."""

from collections.abc import Iterator

import pytest

from tests.parity.harness.servers import PbeServer, RealTemplate


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> RealTemplate:
    """The stock pb_data that each real server starts from."""
    return RealTemplate(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session")
def pbe_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PbeServer]:
    """One all-in-one for the session."""
    with PbeServer.start(tmp_path_factory.mktemp("pbe")) as server:
        yield server

"""A tenant's site for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.tenant_site import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh tenant with a superuser."""
    made = World(tmp_path)
    yield made
    made.close()

"""DIR and the cluster's secret."""

import os
from pathlib import Path

import pytest

from pbe.roles import config
from pbe.roles.folder import Folder, make_secret, read_secret
from pbe.roles.values import ConfigError


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """Two processes on one folder would ruin each other's log."""
    first = Folder(tmp_path / "data")
    with pytest.raises(ConfigError, match="Another process uses the folder"):
        Folder(tmp_path / "data")
    first.close()
    Folder(tmp_path / "data").close()


def test_the_folder_is_private(tmp_path: Path) -> None:
    """Nobody else reads what is in it."""
    Folder(tmp_path / "data").close()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """The first start makes it, later ones read it, nobody else may."""
    settings = config.load({"dir": ("--dir", str(tmp_path))}, {})
    first = make_secret(settings, os.urandom)
    assert make_secret(settings, os.urandom) == first
    assert len(first) == 64
    assert (tmp_path / "cluster-secret").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_is_too_short_is_refused(tmp_path: Path) -> None:
    """A secret somebody could guess is none."""
    (tmp_path / "secret").write_text("short\n")
    with pytest.raises(ConfigError, match="too short"):
        read_secret(tmp_path / "secret")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_secret(tmp_path / "nowhere")

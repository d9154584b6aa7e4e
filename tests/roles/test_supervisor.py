"""The word to systemd."""

import socket
from pathlib import Path

import pytest

from pbe.roles.supervisor import tell


def test_the_supervisor_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line arrives on the socket that the environment names."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        tell("READY=1")
        assert server.recv(100) == b"READY=1"


def test_nobody_listens_and_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a supervisor, or with one that is gone, the process goes on."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    tell("READY=1")

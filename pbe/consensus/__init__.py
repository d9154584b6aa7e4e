"""Drives the raft core over storage and net, and applies what is committed to the fleet."""

from pbe.consensus.control_plane import ControlPlane
from pbe.consensus.transport import Channel, NoTransport, Transport

__all__ = ["Channel", "ControlPlane", "NoTransport", "Transport"]

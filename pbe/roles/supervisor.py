"""Tells systemd how this process is, where systemd started it with Type=notify; nothing happens elsewhere."""

import contextlib
import os
import socket


def tell(state: str) -> None:
    """Send a line such as READY=1 or STOPPING=1 to whoever supervises us (sd_notify's protocol)."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    address = "\0" + where[1:] if where.startswith("@") else where
    # A supervisor that is gone must not keep us from serving.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.setblocking(False)
        connection.sendto(state.encode(), address)

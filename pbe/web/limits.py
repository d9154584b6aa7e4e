"""What one connection, and all of them together, may use."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Named limits of the HTTP server; seconds are rounded up to the server's sweep of one second."""

    head_bytes_max: int = 64 * 1024
    headers_max: int = 200
    connections_max: int = 20_000
    discard_bytes_max: int = 256 * 1024  # of a body that nobody read, before the connection is closed instead
    header_timeout_s: float = 60.0  # from a request's first byte to the end of its head
    read_timeout_s: float = 300.0  # silence in the middle of a body
    write_timeout_s: float = 300.0  # a client that takes nothing of its answer
    idle_timeout_s: float = 300.0  # between two requests
    linger_timeout_s: float = 2.0  # after the last answer, until the client closes too

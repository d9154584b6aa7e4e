"""What one link may use."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class LinkLimits:
    """Named limits of a link."""

    frame_bytes_max: int = 8 * 1024 * 1024
    calls_max: int = 256  # running for one peer; more are refused at once
    watches_max: int = 64  # by one peer
    outgoing_bytes_max: int = 32 * 1024 * 1024  # waiting for a peer that does not read
    posts_bytes_max: int = 8 * 1024 * 1024  # of them, before posts are dropped
    handshake_timeout_s: float = 10.0
    ping_s: float = 5.0
    silence_s: float = 15.0

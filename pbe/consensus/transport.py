"""What the driver needs of whoever carries its bytes to the other members, and how those bytes begin.

Every parcel between members is ``channel u8 · body``:

    RAFT      one raft message (raft.codec)
    FORWARD   commands for the leader: msgpack array of log entries' data
    REFUSED   the leader's answer to FORWARD when it is none: msgpack [why]
    PIECE     one piece of a snapshot
    PIECE_ACK how far the pieces have arrived
    CALL      a question of another part of the platform to the leader: msgpack [number, method, payload]
    ANSWER    msgpack [number, ok, payload]
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Protocol


class Channel(enum.IntEnum):
    """What a parcel holds; the numbers are on the wire and may never change."""

    RAFT = 1
    FORWARD = 2
    REFUSED = 3
    PIECE = 4
    PIECE_ACK = 5
    CALL = 6
    ANSWER = 7


class Listener(Protocol):
    """Who is told what happens on the links. Called on the reactor's thread, never from within `send`."""

    def received(self, member: str, parcels: Sequence[bytes]) -> None:
        """These parcels came from the member, in the order in which it sent them."""

    def connected(self, member: str) -> None:
        """There is a link to the member again."""

    def closed(self, member: str) -> None:
        """The member's end closed the link, as when its process dies; silence alone is not reported."""


class Transport(Protocol):
    """Carries parcels to members, in order and at most once, or drops them; owns connections and their repair."""

    def start(self, listener: Listener) -> None:
        """Begin to accept and to dial."""

    def set_peers(self, addresses: Mapping[str, str]) -> None:
        """Whom to be linked to from now on, by member id, and where they listen; this member itself is left out."""

    def send(self, member: str, parcels: Sequence[Sequence[bytes]]) -> bool:
        """Send parcels, each given in pieces; False when they were dropped because there is no link or no room."""

    def linked(self) -> list[str]:
        """The members with an open link, as far as known."""

    def stop(self) -> None:
        """Close everything."""


class NoTransport:
    """The transport of a member that is alone."""

    def start(self, listener: Listener) -> None:
        """Nothing to begin."""

    def set_peers(self, addresses: Mapping[str, str]) -> None:
        """Nobody to be linked to; a cluster of more needs a real transport."""

    def send(self, member: str, parcels: Sequence[Sequence[bytes]]) -> bool:
        """Drop the parcels."""
        return False

    def linked(self) -> list[str]:
        """Nobody."""
        return []

    def stop(self) -> None:
        """Nothing to close."""

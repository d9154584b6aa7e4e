"""Promises are kept over crashes: one vote a term (paper, 5.2), and nothing is acknowledged before it is synced."""

from pbe.consensus.transport import Channel
from pbe.raft import Kind, codec
from tests.sim.members import SimCluster


class CheckPromises:
    """Looks at every message that leaves a member."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._votes: dict[tuple[str, int], str] = {}
        self._terms: dict[str, int] = {}
        cluster.net.taps.append(self.sent)

    def sent(self, sender: str, to: str, parcel: bytes) -> None:
        """A parcel leaves."""
        if parcel[0] != Channel.RAFT:
            return
        message = codec.decode(memoryview(parcel)[1:])
        disk = self._cluster.members[sender].disk
        if message.kind == Kind.VOTE_REPLY and not message.reject:
            self._vote(sender, message.term, to)
        elif message.kind == Kind.VOTE:
            self._vote(sender, message.term, sender)
        elif message.kind == Kind.APPEND_REPLY and not message.reject and message.index > disk.last:
            self._cluster.violation(f"{sender} acknowledges entry {message.index}, its disk has {disk.last}")
        promise = message.kind in (Kind.VOTE, Kind.VOTE_REPLY, Kind.APPEND_REPLY) and not message.reject
        if promise and message.term > disk.hard.term and message.index:
            self._cluster.violation(f"{sender} promises in term {message.term}, its disk has {disk.hard.term}")

    def _vote(self, voter: str, term: int, candidate: str) -> None:
        known = self._votes.setdefault((voter, term), candidate)
        if known != candidate:
            self._cluster.violation(f"{voter} votes for {known} and for {candidate} in term {term}")

"""Everything one member of the consensus knows, and the few things all parts do with it: send, change role, propose."""

from collections.abc import Callable

import msgspec

from pbe.raft.config import Config
from pbe.raft.entries import Entry, make_entry
from pbe.raft.log import Log
from pbe.raft.messages import HardState, Kind, Message, SnapshotMeta
from pbe.raft.progress import Inflights, Progress
from pbe.raft.quorum import joint_vote
from pbe.raft.reads import ReadQueue

FOLLOWER, PRE_CANDIDATE, CANDIDATE, LEADER = "follower", "pre_candidate", "candidate", "leader"


class Settings(msgspec.Struct, frozen=True):
    """The limits and times of a member; times in ticks."""

    election_ticks: int = 10
    heartbeat_ticks: int = 2
    append_bytes_max: int = 1024 * 1024
    inflight_appends_max: int = 256
    inflight_bytes_max: int = 8 * 1024 * 1024
    uncommitted_bytes_max: int = 16 * 1024 * 1024
    uncommitted_entries_max: int = 20_000
    apply_bytes_max: int = 4 * 1024 * 1024
    reads_waiting_max: int = 20_000


class State:
    """The member: persistent (term, vote, log), its role, and what waits to be handed to the driver.

    random(n) gives a whole number below n; it only spreads election timeouts.
    """

    __slots__ = (
        "config",
        "election_elapsed",
        "election_timeout",
        "heartbeat_elapsed",
        "id",
        "leader",
        "log",
        "lost_reads",
        "messages",
        "pending_config_index",
        "pending_restore",
        "progress",
        "promises",
        "random",
        "reads",
        "reads_done",
        "recovering",
        "role",
        "saved_hard_state",
        "settings",
        "stalled",
        "summoned",
        "term",
        "transferee",
        "uncommitted_bytes",
        "vote",
        "votes",
    )

    def __init__(
        self, member: str, settings: Settings, random: Callable[[int], int], hard: HardState, log: Log, config: Config
    ) -> None:
        self.id, self.settings, self.random = member, settings, random
        self.term, self.vote = hard.term, hard.vote
        self.log, self.config = log, config
        self.role, self.leader, self.transferee = FOLLOWER, "", ""
        self.progress: dict[str, Progress] = {}
        self.votes: dict[str, bool] = {}
        self.election_elapsed = self.heartbeat_elapsed = 0
        self.election_timeout = settings.election_ticks
        self.pending_config_index = 0
        self.uncommitted_bytes = 0
        self.summoned = 0
        self.stalled = self.recovering = False
        self.reads = ReadQueue(settings.reads_waiting_max)
        self.messages: list[Message] = []
        self.promises: list[Message] = []
        self.reads_done: list[tuple[int, int]] = []
        self.lost_reads: list[int] = []
        self.pending_restore: SnapshotMeta | None = None
        self.saved_hard_state = hard
        log.commit_to(min(max(hard.commit, log.offset), log.last))
        self.spread_timeout()

    @property
    def hard_state(self) -> HardState:
        """What has to be on disk."""
        return HardState(self.term, self.vote, self.log.committed)

    @property
    def electable(self) -> bool:
        """Whether this member may campaign: a voter whose disk works and whose log is whole."""
        whole = not self.recovering and self.pending_restore is None
        return whole and not self.stalled and self.config.is_voter(self.id)

    def spread_timeout(self) -> None:
        """Draw the next election timeout: between one and two of the setting (paper, 5.2)."""
        self.election_timeout = self.settings.election_ticks + self.random(self.settings.election_ticks)

    def message(self, kind: Kind, to: str, **fields: object) -> Message:
        """A message of this member in its term."""
        return Message(kind, to, self.id, self.term, **fields)  # type: ignore[arg-type]

    def send(self, message: Message) -> None:
        """Hand out a message that may leave at once."""
        self.messages.append(message)

    def promise(self, message: Message) -> None:
        """Hand out a message that may only leave once everything known now is on disk."""
        self.promises.append(message)

    def tally(self) -> str:
        """What the votes decide so far."""
        return joint_vote(self.config.voters, self.config.outgoing, self.votes)

    def peers(self) -> list[str]:
        """Everybody else, in a fixed order."""
        return [member for member in self.config.members if member != self.id]

    def become_follower(self, term: int, leader: str) -> None:
        """Follow (nobody known: "") in the term."""
        self._reset(term)
        self.role, self.leader = FOLLOWER, leader

    def become_pre_candidate(self) -> None:
        """Ask whether an election could be won, changing neither term nor vote (thesis, 9.6)."""
        self.role, self.leader, self.votes = PRE_CANDIDATE, "", {}
        self.election_elapsed = 0
        self.spread_timeout()

    def become_candidate(self) -> None:
        """Begin the next term with a vote for oneself (paper, 5.2)."""
        self._reset(self.term + 1)
        self.role, self.leader, self.vote = CANDIDATE, "", self.id

    def become_leader(self) -> None:
        """Lead: probe everybody, and begin the term with a no-op (paper, 8)."""
        self._reset(self.term)
        self.role, self.leader = LEADER, self.id
        self.progress = {member: self.new_progress() for member in self.config.members}
        self.progress.setdefault(self.id, self.new_progress()).match = self.log.stable
        self.pending_config_index = self.log.last
        self.append([(0, b"")])

    def new_progress(self) -> Progress:
        """A member of which nothing is known yet."""
        limits = Inflights(self.settings.inflight_appends_max, self.settings.inflight_bytes_max)
        return Progress(self.log.last + 1, limits)

    def append(self, items: list[tuple[int, bytes]]) -> None:
        """Add (kind, data) items to the leader's own log."""
        index = self.log.last
        entries: list[Entry] = [
            make_entry(index + offset, self.term, data, kind) for offset, (kind, data) in enumerate(items, 1)
        ]
        self.log.append(entries)
        self.uncommitted_bytes += sum(len(entry.data) for entry in entries)

    def _reset(self, term: int) -> None:
        if term != self.term:
            self.term, self.vote = term, ""
        self.votes, self.progress, self.transferee = {}, {}, ""
        self.election_elapsed = self.heartbeat_elapsed = 0
        self.uncommitted_bytes = 0
        self.lost_reads.extend(self.reads.drain())
        self.spread_timeout()

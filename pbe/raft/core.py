"""One member of the consensus, as a pure machine.

Theory of operation. Four roles; messages of an older term are ignored, of a newer one make a follower first.

    FOLLOWER --timeout, leader gone--> PRE_CANDIDATE --majority would vote--> CANDIDATE --majority votes--> LEADER
        ^            leader heard, newer term, refused, no majority active, removed                           |
        +-----------------------------------------------------------------------------------------------------+

The driver calls `step` for each message, `tick` at a fixed rate, `propose` and `read` for its clients; then, while
`has_ready`, takes `ready()`, does what `Ready` says in that order, and calls `advance()`. There is one Ready in flight
at a time; steps and ticks may come in between. Nothing here waits, logs, or knows a clock.
"""

from collections.abc import Callable, Sequence

from pbe.errors import Misuse
from pbe.raft import election, follower, leader, membership, reading, replication
from pbe.raft.config import Config, ConfigChange
from pbe.raft.entries import CONFIG, NORMAL, Entry
from pbe.raft.log import Log
from pbe.raft.messages import HardState, Kind, Message, Ready, SnapshotMeta
from pbe.raft.quorum import WON, joint_vote
from pbe.raft.state import CANDIDATE, FOLLOWER, LEADER, PRE_CANDIDATE, Settings, State

Handler = Callable[[State, Message], None]

BY_FOLLOWER: dict[Kind, Handler] = {
    Kind.APPEND: follower.append,
    Kind.HEARTBEAT: follower.heartbeat,
    Kind.SNAPSHOT: follower.snapshot,
    Kind.TIMEOUT_NOW: follower.timeout_now,
    Kind.READ_INDEX_REPLY: reading.answered,
}
BY_LEADER: dict[Kind, Handler] = {
    Kind.APPEND_REPLY: leader.append_reply,
    Kind.HEARTBEAT_REPLY: leader.heartbeat_reply,
    Kind.READ_INDEX: reading.asked,
}
FROM_LEADER = frozenset({Kind.APPEND, Kind.HEARTBEAT, Kind.SNAPSHOT})
REFUSED_NO_LEADER, REFUSED_TRANSFER, REFUSED_TAIL = "not_leader", "transfer", "tail_full"


class Core:
    """The member `member`, continued from what its disk says (`hard`, `log`, `config` at log.applied)."""

    __slots__ = ("_in_flight", "state")

    def __init__(
        self,
        member: str,
        *,
        random: Callable[[int], int],
        config: Config,
        hard: HardState | None = None,
        entries: Sequence[Entry] = (),
        offset: tuple[int, int] = (0, 0),
        applied: int = 0,
        settings: Settings | None = None,
    ) -> None:
        log = Log(offset[0], offset[1], entries)
        if applied:
            log.commit_to(applied)
            log.applied = applied
        self.state = State(member, settings or Settings(), random, hard or HardState(), log, config)
        self._in_flight: Ready | None = None

    # What others may ask

    @property
    def role(self) -> str:
        """follower, pre_candidate, candidate or leader."""
        return self.state.role

    @property
    def leader(self) -> str:
        """The leader of the term as far as known, "" when not."""
        return self.state.leader

    @property
    def term(self) -> int:
        """The term."""
        return self.state.term

    @property
    def log(self) -> Log:
        """The log, to read."""
        return self.state.log

    @property
    def config(self) -> Config:
        """The configuration that holds, to read."""
        return self.state.config

    @property
    def is_leader(self) -> bool:
        """Whether this member leads, as far as it knows."""
        return self.state.role == LEADER

    # Input

    def tick(self) -> None:
        """One unit of time has passed."""
        state = self.state
        state.election_elapsed += 1
        if state.role == LEADER:
            self._tick_leader()
        elif state.election_elapsed >= state.election_timeout:
            state.election_elapsed = 0
            election.campaign(state)

    def _tick_leader(self) -> None:
        state = self.state
        state.heartbeat_elapsed += 1
        if state.election_elapsed >= state.settings.election_ticks:
            state.election_elapsed = 0
            if not leader.quorum_active(state):
                state.become_follower(state.term, "")
                return
            state.transferee = ""
        if state.heartbeat_elapsed >= state.settings.heartbeat_ticks:
            state.heartbeat_elapsed = 0
            replication.heartbeats(state, state.reads.number if state.reads.running else 0)

    def step(self, message: Message) -> None:
        """A message has arrived from a member (or one that was)."""
        if not self._settle_term(message):
            return
        state, kind = self.state, message.kind
        if kind in (Kind.VOTE, Kind.PRE_VOTE):
            election.answer_vote(state, message)
        elif kind in FROM_LEADER:
            if state.role != LEADER:
                follower.heard(state, message)
                BY_FOLLOWER[kind](state, message)
        elif kind in (Kind.VOTE_REPLY, Kind.PRE_VOTE_REPLY):
            wanted = {CANDIDATE: Kind.VOTE_REPLY, PRE_CANDIDATE: Kind.PRE_VOTE_REPLY}.get(state.role)
            if kind == wanted:
                election.count_vote(state, message)
        else:
            handler = (BY_LEADER if state.role == LEADER else BY_FOLLOWER).get(kind)
            if handler is not None:
                handler(state, message)

    def _settle_term(self, message: Message) -> bool:
        """Compare terms first (paper, 5.1); whether the message is still to be handled."""
        state, kind = self.state, message.kind
        if message.term > state.term:
            if kind in (Kind.VOTE, Kind.PRE_VOTE) and not message.force and election.in_lease(state):
                return False
            granted_pre = kind == Kind.PRE_VOTE_REPLY and not message.reject
            if kind != Kind.PRE_VOTE and not granted_pre:
                state.become_follower(message.term, message.sender if kind in FROM_LEADER else "")
        elif message.term < state.term:
            if kind in (Kind.HEARTBEAT, Kind.APPEND):
                # An answer in the newer term makes a leader that was cut off step down.
                state.send(state.message(Kind.APPEND_REPLY, message.sender, index=0))
            elif kind == Kind.PRE_VOTE:
                state.send(state.message(Kind.PRE_VOTE_REPLY, message.sender, reject=True))
            return False
        return True

    def propose(self, items: Sequence[bytes]) -> str:
        """Append commands as leader: "" when taken, else why not; all or none are taken."""
        state = self.state
        if state.role != LEADER:
            return REFUSED_NO_LEADER
        if state.transferee:
            return REFUSED_TRANSFER
        size = sum(map(len, items))
        tail = state.log.last - state.log.committed
        full = state.uncommitted_bytes + size > state.settings.uncommitted_bytes_max and state.uncommitted_bytes > 0
        if full or tail + len(items) > state.settings.uncommitted_entries_max:
            return REFUSED_TAIL
        state.append([(NORMAL, item) for item in items])
        replication.broadcast(state)
        return ""

    def propose_change(self, change: ConfigChange) -> str:
        """Append a change of membership as leader: "" when taken, else why not."""
        state = self.state
        if state.role != LEADER:
            return REFUSED_NO_LEADER
        if state.transferee:
            return REFUSED_TRANSFER
        reason = membership.refusal(state, change)
        if not reason:
            membership.propose(state, change)
        return reason

    def read(self, context: int) -> bool:
        """Ask for an index that a linearizable read has to wait for; False when nobody can be asked now.

        The answer comes in `Ready.reads` or `Ready.lost_reads`; one asked of another member may never come.
        """
        return reading.request(self.state, context)

    def campaign(self) -> None:
        """Try to become leader now (by pre-vote)."""
        election.campaign(self.state)

    def forget_leader(self) -> None:
        """The connection to the leader was closed by its end: do not hold an election up for its sake."""
        election.forget_leader(self.state)

    def transfer(self, member: str) -> bool:
        """Hand leadership over; whether that has begun."""
        return self.state.role == LEADER and leader.transfer(self.state, member)

    def step_down(self) -> None:
        """Stop leading without a successor, as when the disk stalls."""
        if self.state.role == LEADER:
            self.state.become_follower(self.state.term, "")

    def set_recovering(self, recovering: bool) -> None:
        """Whether the log lacks entries that this member has promised: until it has them again it must not vote."""
        self.state.recovering = recovering

    def set_stalled(self, stalled: bool) -> None:
        """Whether the disk answers in time; while it does not, this member neither leads nor campaigns."""
        self.state.stalled = stalled
        if stalled:
            self.step_down()

    def unreachable(self, member: str) -> None:
        """The link to the member broke."""
        if self.state.role == LEADER:
            leader.unreachable(self.state, member)

    def snapshot_reported(self, member: str, *, delivered: bool) -> None:
        """A snapshot's pieces were carried to the member, or could not be."""
        if self.state.role == LEADER:
            leader.snapshot_reported(self.state, member, delivered=delivered)

    def announce_commit(self) -> None:
        """Tell followers of a commit that no append has carried to them yet."""
        if self.state.role == LEADER:
            replication.announce(self.state)

    def lowest_needed(self) -> int:
        """As leader: the index behind which every active member that is in the log, or will be, still needs entries."""
        return leader.lowest_needed(self.state)

    def compact(self, index: int) -> None:
        """Forget the log up to `index`, which the driver has made durable otherwise."""
        self.state.log.compact(index)

    # Output

    @property
    def has_ready(self) -> bool:
        """Whether `ready` has anything to do, and none is in flight."""
        state, log = self.state, self.state.log
        return self._in_flight is None and bool(
            state.messages
            or state.promises
            or state.reads_done
            or state.lost_reads
            or log.handed < log.last
            or log.applied < log.committed
            or state.pending_restore
            or self._hard_state_changed()
        )

    def _hard_state_changed(self) -> bool:
        hard = self.state.saved_hard_state
        return hard.term != self.state.term or hard.vote != self.state.vote

    def ready(self) -> Ready:
        """Take what is to be done; it has to be done, in the order that `Ready` says, before `advance`."""
        if self._in_flight is not None:
            raise Misuse("ready", hint="one is in flight: advance first")
        state, log = self.state, self.state.log
        entries = log.entries[log.handed - log.offset :]
        committed: list[Entry] = []
        if log.applied < log.committed and state.pending_restore is None:
            committed = log.slice(log.applied + 1, log.committed, state.settings.apply_bytes_max)
        save = bool(entries) or self._hard_state_changed() or state.pending_restore is not None
        ready = Ready(
            messages=state.messages,
            # What was promised in a term that has passed is not on this disk any more, and helps nobody.
            promises=[promise for promise in state.promises if promise.term >= state.term],
            hard_state=state.hard_state if save else None,
            entries=entries,
            snapshot=state.pending_restore,
            committed=committed,
            reads=state.reads_done,
            lost_reads=state.lost_reads,
            must_sync=save,
        )
        state.messages, state.promises, state.reads_done, state.lost_reads = [], [], [], []
        if ready.hard_state is not None:
            state.saved_hard_state = ready.hard_state
        log.handed = log.last
        self._in_flight = ready
        return ready

    def advance(self) -> None:
        """The Ready in flight is done: synced, sent, applied."""
        ready = self._in_flight
        if ready is None:
            raise Misuse("advance", hint="no ready is in flight")
        self._in_flight = None
        state, log = self.state, self.state.log
        if ready.snapshot is not None and state.pending_restore is ready.snapshot:
            state.pending_restore = None
        if ready.entries:
            log.saved(ready.entries[-1].index, ready.entries[-1].term)
        if ready.committed and log.applied < ready.committed[-1].index:
            self._applied(ready.committed)
        if state.role == LEADER:
            before = log.committed
            replication.stored(state)
            if log.committed > before:
                reading.wake(state)
                replication.broadcast(state)
            membership.leave_if_joint(state)
        election.answer_summons(state)

    def _applied(self, entries: Sequence[Entry]) -> None:
        # A change may begin a snapshot, which is of everything applied: so first all marks move, then members change.
        self.state.log.applied = entries[-1].index
        changes = [entry for entry in entries if entry.kind == CONFIG]
        if changes:
            membership.apply(self.state, changes)

    def snapshot_meta(self) -> SnapshotMeta:
        """The meta of a snapshot of what is applied now."""
        return replication.snapshot_meta(self.state)

    def in_majority(self) -> bool:
        """Whether a leader has heard from a majority since its last check; a look, not the check itself."""
        if self.state.role != LEADER:
            return False
        votes = {member: member == self.state.id or p.active for member, p in self.state.progress.items()}
        return joint_vote(self.state.config.voters, self.state.config.outgoing, votes) == WON


__all__ = ["FOLLOWER", "LEADER", "Core"]

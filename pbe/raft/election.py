"""Campaigns and votes, with the pre-vote and the leader's lease on its followers (paper, 5.2; thesis, 4.2.3, 9.6)."""

from pbe.raft import replication
from pbe.raft.entries import CONFIG
from pbe.raft.messages import Kind, Message
from pbe.raft.quorum import LOST, WON
from pbe.raft.state import FOLLOWER, LEADER, PRE_CANDIDATE, State


def campaign(state: State, *, force: bool = False) -> None:
    """Try to become leader, by a pre-vote first unless a leader handed over (`force`)."""
    if state.role == LEADER or not state.electable or _change_unapplied(state):
        return
    if force:
        start_election(state, force=True)
        return
    state.become_pre_candidate()
    _ask(state, Kind.PRE_VOTE, state.term + 1, force=False)


def start_election(state: State, *, force: bool = False) -> None:
    """Begin the next term and ask for votes."""
    state.become_candidate()
    _ask(state, Kind.VOTE, state.term, force=force)


def _ask(state: State, kind: Kind, term: int, *, force: bool) -> None:
    state.votes[state.id] = True
    if state.tally() == WON:
        decided(state, WON)
        return
    for member in state.peers():
        if state.config.is_voter(member):
            # A vote asked for is a promise too: the vote for oneself has to be on disk before it can be counted.
            state.promise(Message(kind, member, state.id, term, state.log.last, state.log.last_term, force=force))


def decided(state: State, result: str) -> None:
    """Act on what the votes decide."""
    if result == WON and state.role == PRE_CANDIDATE:
        start_election(state)
    elif result == WON:
        state.become_leader()
        replication.broadcast(state)
    elif result == LOST:
        # A pre-candidate's term was never begun; a candidate's was, and stays without a leader.
        state.become_follower(state.term, "")


def answer_vote(state: State, message: Message) -> None:
    """Grant or refuse a vote or pre-vote whose term is not below this member's."""
    pre = message.kind == Kind.PRE_VOTE
    free = state.vote == message.sender or (not state.vote and not state.leader) or (pre and message.term > state.term)
    grant = free and not state.recovering and state.log.up_to_date(message.index, message.log_term)
    kind = Kind.PRE_VOTE_REPLY if pre else Kind.VOTE_REPLY
    if not grant:
        state.send(state.message(kind, message.sender, reject=True))
        return
    if not pre:
        state.election_elapsed = 0
        state.vote = message.sender
    # Granted in the term that was asked for: a pre-vote's is one that this member has not begun.
    state.promise(Message(kind, message.sender, state.id, message.term))


def count_vote(state: State, message: Message) -> None:
    """A voter's answer to this member's campaign."""
    state.votes.setdefault(message.sender, not message.reject)
    decided(state, state.tally())


def answer_summons(state: State) -> None:
    """Campaign because the leader wants it, once every committed change of membership is applied."""
    if state.summoned == state.term and state.role == FOLLOWER and not _change_unapplied(state):
        state.summoned = 0
        campaign(state, force=True)


def in_lease(state: State) -> bool:
    """Whether a leader was heard from so lately that an election would only disturb (thesis, 4.2.3)."""
    return bool(state.leader) and state.election_elapsed < state.settings.election_ticks


def forget_leader(state: State) -> None:
    """A hint that the leader's process is dead: its lease on this vote ends, until it is heard again."""
    if state.role == FOLLOWER:
        state.leader = ""


def _change_unapplied(state: State) -> bool:
    """Whether a committed change of membership waits to be applied: its old majority must not elect any more."""
    log = state.log
    pending = log.entries[log.applied - log.offset : log.committed - log.offset]
    return any(entry.kind == CONFIG for entry in pending)

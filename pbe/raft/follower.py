"""What a member does with a leader's messages (paper, 5.3, 7)."""

from pbe.raft import election
from pbe.raft.messages import Kind, Message
from pbe.raft.state import FOLLOWER, State


def heard(state: State, message: Message) -> None:
    """A leader of this term exists: follow it, and be patient again."""
    if state.role != FOLLOWER:
        state.become_follower(message.term, message.sender)
    state.election_elapsed = 0
    state.leader = message.sender


def append(state: State, message: Message) -> None:
    """Take entries whose predecessor is here; the answer leaves only when they are synced."""
    log = state.log
    if message.index < log.committed:
        state.promise(state.message(Kind.APPEND_REPLY, message.sender, index=log.committed))
        return
    if not log.has(message.index, message.log_term):
        hint, hint_term = log.meeting_point(min(message.index, log.last), message.log_term)
        state.send(
            state.message(
                Kind.APPEND_REPLY, message.sender, index=message.index, reject=True, hint=hint, hint_term=hint_term
            )
        )
        return
    log.merge(message.entries)
    last = message.index + len(message.entries)
    log.commit_to(min(message.commit, last))
    state.promise(state.message(Kind.APPEND_REPLY, message.sender, index=last))


def heartbeat(state: State, message: Message) -> None:
    """Commit up to the mark, which this member has acknowledged, and answer the round of reads."""
    state.log.commit_to(min(message.commit, state.log.last))
    state.send(state.message(Kind.HEARTBEAT_REPLY, message.sender, context=message.context))


def snapshot(state: State, message: Message) -> None:
    """Replace the log by a snapshot whose pieces the driver holds, unless the log reaches that far already."""
    meta = message.snapshot
    if meta is None:
        return
    log = state.log
    if meta.index <= log.committed:
        state.promise(state.message(Kind.APPEND_REPLY, message.sender, index=log.committed))
        return
    if log.has(meta.index, meta.term):
        log.commit_to(meta.index)
        state.promise(state.message(Kind.APPEND_REPLY, message.sender, index=log.committed))
        return
    log.restore(meta.index, meta.term)
    state.config = meta.config
    state.pending_restore = meta
    state.promise(state.message(Kind.APPEND_REPLY, message.sender, index=log.last))


def timeout_now(state: State, message: Message) -> None:
    """The leader hands over: campaign without asking whether an election is wanted (thesis, 3.10)."""
    if state.role == FOLLOWER:
        state.summoned = state.term
        election.answer_summons(state)

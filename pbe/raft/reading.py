"""Linearizable reads without a log entry: leadership is proved once for all that wait (thesis, 6.4)."""

from pbe.raft import replication
from pbe.raft.messages import Kind, Message
from pbe.raft.quorum import WON, joint_vote
from pbe.raft.reads import Read
from pbe.raft.state import LEADER, State


def request(state: State, context: int) -> bool:
    """A read of this member's own: led here, or asked of the leader; False when there is nobody to ask."""
    if state.role == LEADER:
        return _join(state, Read(context, ""))
    if not state.leader:
        return False
    state.send(state.message(Kind.READ_INDEX, state.leader, context=context))
    return True


def asked(state: State, message: Message) -> None:
    """A member's read; one that finds no leader here stays unanswered, and its driver asks again."""
    if state.role == LEADER:
        _join(state, Read(message.context, message.sender))


def answered(state: State, message: Message) -> None:
    """The leader's answer to this member's read."""
    state.reads_done.append((message.context, message.index))


def _join(state: State, read: Read) -> bool:
    if state.reads.full:
        return False
    state.reads.waiting.append(read)
    wake(state)
    return True


def leads_in_term(state: State) -> bool:
    """Whether an entry of this leader's term is committed: before, its commit mark may be behind (thesis, 6.4)."""
    return state.log.term(state.log.committed) == state.term


def wake(state: State) -> None:
    """Begin a round, if reads wait, none is running, and the commit mark can be trusted."""
    reads = state.reads
    if reads.running or not reads.waiting or not leads_in_term(state):
        return
    number = reads.begin(state.log.committed, state.id)
    if not _proved(state):
        replication.heartbeats(state, number)


def acknowledge(state: State, member: str, number: int) -> None:
    """A member still follows in this term, as of that round."""
    reads = state.reads
    if reads.running and number == reads.number:
        reads.acks[member] = True
        _proved(state)


def _proved(state: State) -> bool:
    acks = state.reads.acks
    if joint_vote(state.config.voters, state.config.outgoing, acks) != WON:
        return False
    index, done = state.reads.finish()
    for read in done:
        if read.member:
            state.send(state.message(Kind.READ_INDEX_REPLY, read.member, context=read.context, index=index))
        else:
            state.reads_done.append((read.context, index))
    askers = {read.member for read in done if read.member}
    for member in sorted(askers):
        replication.tell_commit(state, member)
    wake(state)
    return True

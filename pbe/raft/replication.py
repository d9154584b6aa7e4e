"""A leader's appends, and the commit index (paper, 5.3, 5.4.2)."""

from pbe.raft.messages import Kind, SnapshotMeta
from pbe.raft.progress import REPLICATE, Progress
from pbe.raft.quorum import joint_index
from pbe.raft.state import State


def broadcast(state: State) -> None:
    """Send everybody what is new to him."""
    for member in state.peers():
        send_appends(state, member)


def send_appends(state: State, member: str, *, empty: bool = False) -> None:
    """Send all that the member's window allows; `empty` sends a commit mark or probe without entries too."""
    progress = state.progress.get(member)
    if progress is None:
        return
    while send_append(state, member, progress, empty=empty):
        empty = False
        if progress.state != REPLICATE:
            return


def send_append(state: State, member: str, progress: Progress, *, empty: bool) -> bool:
    """Send one append, or begin a snapshot when its entries are compacted away; whether something left."""
    if progress.held:
        return False
    log = state.log
    before = progress.next - 1
    before_term = log.term(before)
    if before_term is None:
        return _begin_snapshot(state, member, progress)
    entries = log.slice(progress.next, log.last, state.settings.append_bytes_max)
    if not entries and not empty:
        return False
    last = entries[-1].index if entries else before
    commit = min(log.committed, last)
    state.send(
        state.message(Kind.APPEND, member, index=before, log_term=before_term, commit=commit, entries=tuple(entries))
    )
    progress.sent_commit = max(progress.sent_commit, commit)
    if entries:
        progress.sent(last, sum(len(entry.frame) for entry in entries))
    elif progress.state != REPLICATE:
        progress.paused = True
    return bool(entries)


def _begin_snapshot(state: State, member: str, progress: Progress) -> bool:
    if not progress.active:
        return False
    meta = snapshot_meta(state)
    progress.become_snapshot(meta.index)
    state.send(state.message(Kind.SNAPSHOT, member, snapshot=meta))
    return True


def snapshot_meta(state: State) -> SnapshotMeta:
    """The meta of a snapshot of what is applied now, with the configuration that holds there."""
    index = state.log.applied
    return SnapshotMeta(index, state.log.term(index) or 0, state.config)


def commit(state: State) -> bool:
    """Commit what a majority has, if it is of this term (paper, figure 8); whether the mark moved."""
    match = {member: progress.match for member, progress in state.progress.items()}
    index = joint_index(state.config.voters, state.config.outgoing, match)
    if index <= state.log.committed or state.log.term(index) != state.term:
        return False
    first = state.log.committed + 1
    state.log.commit_to(index)
    freed = sum(len(entry.data) for entry in state.log.slice(first, index, 1 << 62))
    state.uncommitted_bytes = max(0, state.uncommitted_bytes - freed)
    return True


def announce(state: State) -> None:
    """Tell members that have not heard of it yet how far is committed, without waiting for entries or a heartbeat."""
    for member in state.peers():
        tell_commit(state, member)


def heartbeats(state: State, round_number: int) -> None:
    """A heartbeat to everybody: leadership, a commit mark that the member certainly has, a round of reads."""
    for member in state.peers():
        progress = state.progress[member]
        mark = min(progress.match, state.log.committed)
        state.send(state.message(Kind.HEARTBEAT, member, commit=mark, context=round_number))


def stored(state: State) -> None:
    """The leader's own disk has its log: that counts like a member's acknowledgement (thesis, 10.2.1)."""
    own = state.progress.get(state.id)
    if own is not None and own.acknowledged(state.log.stable):
        commit(state)


def tell_commit(state: State, member: str) -> None:
    """Tell one member how far is committed, if it has not heard yet: its read waits for it."""
    progress = state.progress.get(member)
    if progress is None or progress.state != REPLICATE:
        return
    if progress.sent_commit < min(state.log.committed, progress.match):
        send_appends(state, member, empty=True)

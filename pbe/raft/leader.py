"""What a leader does with its members' answers, its time, and orders to hand over."""

from pbe.raft import reading, replication
from pbe.raft.messages import Kind, Message
from pbe.raft.progress import PROBE, REPLICATE, SNAPSHOT, Progress
from pbe.raft.quorum import WON, joint_vote
from pbe.raft.state import State


def append_reply(state: State, message: Message) -> None:
    """A member has more, or refuses what does not fit its log."""
    progress = state.progress.get(message.sender)
    if progress is None:
        return
    progress.active = True
    if message.reject:
        _refused(state, message, progress)
        return
    fresh = progress.acknowledged(message.index)
    if not fresh and not (progress.state == PROBE and progress.match == message.index):
        if progress.state == REPLICATE:
            progress.inflights.free(message.index)
            replication.send_appends(state, message.sender)
        return
    _forward(state, progress, message.index)
    if replication.commit(state):
        reading.wake(state)
        replication.broadcast(state)
    replication.send_appends(state, message.sender)
    _hand_over_if_caught_up(state, message.sender, progress)


def _forward(state: State, progress: Progress, index: int) -> None:
    if progress.state == PROBE:
        progress.become_replicate()
    elif progress.state == SNAPSHOT and progress.match >= state.log.offset:
        progress.become_probe()
        progress.become_replicate()
    else:
        progress.inflights.free(index)


def _refused(state: State, message: Message, progress: Progress) -> None:
    hint = message.hint
    if message.hint_term:
        hint = min(hint, state.log.meeting_point(message.hint, message.hint_term)[0])
    if progress.rejected(message.index, hint):
        if progress.state == REPLICATE:
            progress.become_probe()
        replication.send_appends(state, message.sender, empty=True)


def heartbeat_reply(state: State, message: Message) -> None:
    """A member is alive: probe again what seems lost, and count it for the round of reads."""
    progress = state.progress.get(message.sender)
    if progress is None:
        return
    progress.active = True
    if progress.state == PROBE:
        progress.paused = False
    silent = progress.silent_since_heartbeat()
    if silent and progress.state == REPLICATE:
        progress.become_probe()
    replication.send_appends(state, message.sender, empty=progress.state == PROBE)
    reading.acknowledge(state, message.sender, message.context)


def snapshot_reported(state: State, member: str, *, delivered: bool) -> None:
    """The driver has carried a snapshot over, or failed to."""
    progress = state.progress.get(member)
    if progress is None or progress.state != SNAPSHOT:
        return
    if not delivered:
        progress.pending_snapshot = 0
    progress.become_probe()
    progress.paused = True


def unreachable(state: State, member: str) -> None:
    """The link to a member broke: what was on its way is lost."""
    progress = state.progress.get(member)
    if progress is not None and progress.state == REPLICATE:
        progress.become_probe()


def quorum_active(state: State) -> bool:
    """Whether a majority has been heard from since the last call (check-quorum, thesis 6.2)."""
    votes = {member: member == state.id or progress.active for member, progress in state.progress.items()}
    for member, progress in state.progress.items():
        progress.active = member == state.id
    return joint_vote(state.config.voters, state.config.outgoing, votes) == WON


def lowest_needed(state: State) -> int:
    """The index behind which active members, or those that a snapshot is on its way to, still need entries."""
    needed = [state.log.last]
    for progress in state.progress.values():
        if progress.state == SNAPSHOT:
            needed.append(progress.pending_snapshot)
        elif progress.active and progress.match >= state.log.offset:
            needed.append(progress.match)
    return min(needed)


def transfer(state: State, member: str) -> bool:
    """Hand leadership to a voter once it has caught up; whether that began (thesis, 3.10)."""
    progress = state.progress.get(member)
    if progress is None or member == state.id or member not in state.config.voters:
        return False
    state.transferee = member
    state.election_elapsed = 0
    if progress.match == state.log.last:
        state.send(state.message(Kind.TIMEOUT_NOW, member))
    else:
        replication.send_appends(state, member, empty=True)
    return True


def _hand_over_if_caught_up(state: State, member: str, progress: Progress) -> None:
    if state.transferee == member and progress.match == state.log.last:
        state.send(state.message(Kind.TIMEOUT_NOW, member))

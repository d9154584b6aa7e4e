"""Changes of membership: when one may be proposed, and what applying one does (thesis, 4; joint consensus 4.3)."""

import contextlib
from collections.abc import Sequence

from pbe.errors import Misuse
from pbe.raft import reading, replication
from pbe.raft.codec import UNREADABLE
from pbe.raft.config import Config, ConfigChange, changed, decode_change, encode_change
from pbe.raft.entries import CONFIG, Entry
from pbe.raft.messages import Kind
from pbe.raft.state import LEADER, State


def refusal(state: State, change: ConfigChange) -> str:
    """Why the leader may not propose the change now; "" when it may."""
    if state.pending_config_index > state.log.applied:
        return "another change of membership is not applied yet"
    if not reading.leads_in_term(state):
        # Without it, two leaders could each commit a change by majorities that do not meet (the erratum of 2015).
        return "nothing of this leader's term is committed yet"
    try:
        changed(state.config, change)
    except Misuse as error:
        return error.hint
    return ""


def propose(state: State, change: ConfigChange) -> None:
    """Append the change, which `refusal` has let pass."""
    state.append([(CONFIG, encode_change(change))])
    state.pending_config_index = state.log.last
    replication.broadcast(state)


def apply(state: State, entries: Sequence[Entry]) -> None:
    """Switch to the configuration after committed changes. One that does not fit any more is a no-op everywhere."""
    config = state.config
    for entry in entries:
        with contextlib.suppress(Misuse, *UNREADABLE):
            config = changed(config, decode_change(entry.data))
    if config != state.config:
        switch(state, config)


def switch(state: State, config: Config) -> None:
    """Use the configuration: majorities, progress, and whether this member may still lead."""
    state.config = config
    if state.role != LEADER:
        return
    if not config.is_voter(state.id):
        _leave_office(state)
        return
    members = set(config.members)
    for member in [known for known in state.progress if known not in members]:
        # A last word, so that who was removed learns it; nothing depends on its arrival.
        replication.send_appends(state, member, empty=True)
        del state.progress[member]
    for member in config.members:
        if member not in state.progress:
            state.progress[member] = state.new_progress()
            state.progress[member].active = True
    if state.transferee and state.transferee not in config.voters:
        state.transferee = ""
    if replication.commit(state):
        reading.wake(state)
    replication.broadcast(state)
    for member in state.peers():
        replication.send_appends(state, member, empty=True)


def _leave_office(state: State) -> None:
    """A leader that is no voter any more tells everybody the commit, has the furthest voter campaign, and follows."""
    for member in state.peers():
        replication.send_appends(state, member, empty=True)
    known = [member for member in state.config.voters if member in state.progress]
    if known:
        furthest = max(known, key=lambda member: state.progress[member].match)
        state.send(state.message(Kind.TIMEOUT_NOW, furthest))
    state.become_follower(state.term, "")


def leave_if_joint(state: State) -> None:
    """A leader ends a joint configuration as soon as it is applied."""
    if state.role == LEADER and state.config.joint and not refusal(state, ConfigChange()):
        propose(state, ConfigChange(context="leave"))

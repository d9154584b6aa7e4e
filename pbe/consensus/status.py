"""What a member says of itself, without asking anybody."""

from typing import Any

from pbe.consensus.machine import Machine
from pbe.raft import Core


def status_of(member_id: str, core: Core, machine: Machine, broken: bool) -> dict[str, Any]:
    """The member's view: leader by its id, term, commit, applied, members and, at the leader, their progress."""
    state, log = core.state, core.log
    return {
        "id": member_id,
        "role": "stopped" if broken else core.role,
        "leader": core.leader,
        "term": core.term,
        "commit": log.committed,
        "applied": machine.applied,
        "last": log.last,
        "first": log.offset + 1,
        "revision": machine.fleet.revision,
        "state_hash": machine.fleet.state_hash,
        "quorum": core.in_majority() if core.is_leader else bool(core.leader),
        "joint": core.config.joint,
        "disk_stalled": state.stalled,
        "members": [_member(core, member) for member in core.config.members],
    }


def _member(core: Core, member: str) -> dict[str, Any]:
    config = core.config
    shown: dict[str, Any] = {
        "id": member,
        "address": config.addresses.get(member, ""),
        "voter": config.is_voter(member),
        "role": "leader" if member == core.leader else "voter" if config.is_voter(member) else "learner",
    }
    progress = core.state.progress.get(member) if core.is_leader else None
    if progress is not None:
        shown["match"] = core.log.last if member == core.state.id else progress.match
        shown["next"] = progress.next
        shown["state"] = progress.state
        shown["active"] = progress.active or member == core.state.id
    return shown

"""After faults end, the cluster goes on: a leader, a new command everywhere, one state (liveness)."""

from twisted.internet.defer import Deferred

from pbe.fleet import commands as c
from tests.sim.members import SimCluster

HEAL_S = 12.0


def check_progress(cluster: SimCluster) -> None:
    """Let time pass without faults, and demand one leader, an acknowledged command and equal states."""
    world = cluster.world
    world.run_until(world.time + HEAL_S)
    leaders = cluster.leaders()
    if len(leaders) != 1:
        shown = [(m.name, m.core.role, m.core.term, m.core.leader) for m in cluster.running()]
        cluster.violation(f"{HEAL_S} s after the faults there is not one leader: {shown}")
        return
    outcome: list[object] = []
    plane = leaders[0].plane
    if plane is None:
        return
    Deferred.fromCoroutine(plane.propose(c.AuditAppend("sim", "healed"))).addBoth(outcome.append)
    world.run_until(world.time + 3.0)
    if not outcome or hasattr(outcome[0], "getErrorMessage"):
        cluster.violation(f"after the faults a command at the leader gives {outcome}")


def check_agreement(cluster: SimCluster) -> None:
    """Once nobody asks any more, all members are in one state."""
    leaders = cluster.leaders()
    plane = leaders[-1].plane if leaders else None
    if plane is None:
        return
    members = [m for m in cluster.running() if m.name in plane._core.config.members]
    hashes = {(m.plane._machine.applied, m.plane.fleet.state_hash) for m in members if m.plane is not None}
    if len(hashes) != 1:
        shown = [(m.name, m.core.log.applied, m.core.log.last) for m in members]
        cluster.violation(f"after the faults the members' states differ: {shown}")

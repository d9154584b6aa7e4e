"""One simulated run from one seed: faults and clients, then calm, then the verdict.

``python -m tests.sim.run --seeds 1000 --first 1 --seconds 20 [--bug NAME]`` runs many and prints what they found;
``--seed 17`` runs one and prints its trace's hash and all violations.
"""

import argparse
import contextlib
import sys
import time
import zlib
from collections.abc import Iterator

import msgspec

from pbe.consensus.tuning import Tuning
from tests.sim.checks.check_committed import CheckCommitted
from tests.sim.checks.check_durable import CheckDurable
from tests.sim.checks.check_leaders import CheckLeaders
from tests.sim.checks.check_logs import CheckLogs
from tests.sim.checks.check_marks import CheckMarks
from tests.sim.checks.check_progress import check_agreement, check_progress
from tests.sim.checks.check_promises import CheckPromises
from tests.sim.checks.check_states import CheckStates
from tests.sim.clients import INITIAL, KEYS, PATIENCE_S, Clients
from tests.sim.faults import Faults
from tests.sim.history import History
from tests.sim.members import SimCluster
from tests.sim.net import SimNet
from tests.sim.world import Storm, World

SECONDS = 20.0


class Report(msgspec.Struct, frozen=True):
    """What a run found. `trace` is a hash over every parcel sent and when: equal for equal seeds, on any machine."""

    seed: int
    violations: list[str]
    trace: int
    operations: int
    events: int
    commits: int


def make_cluster(world: World) -> SimCluster:
    """A cluster whose size, network, disks and clocks come from the seed."""
    random = world.random
    net = SimNet(
        world,
        delay_s=random.choice((0.0005, 0.002, 0.02, 0.08)),
        loss=random.choice((0.0, 0.0, 0.01, 0.05)),
        duplicate=random.choice((0.0, 0.02)),
        ordered=random.random() < 0.5,
    )
    tuning = Tuning(
        inline_save_s_max=-1.0,
        checkpoint_s=random.choice((0.3, 1.0)),
        log_entries_kept=random.choice((5, 30, 1000)),
        snapshot_items_max=random.choice((10, 40)),
    )
    size = random.choice((1, 2, 3, 3, 3, 4, 5, 5))
    sync_s = random.choice((0.0005, 0.005, 0.03))
    return SimCluster(world, net, size, tuning, drift=random.choice((0.0, 0.02, 0.1)), sync_s=sync_s)


class Run:
    """A cluster with its clients, faults and checkers."""

    def __init__(self, seed: int, seconds: float = SECONDS) -> None:
        self.world = world = World(seed)
        random = world.random
        self.seconds = seconds
        self.cluster = cluster = make_cluster(world)
        self.history = History()
        self.clients = Clients(cluster, self.history, random.choice((1, 3, 8)), random.choice((0.05, 0.2, 0.6)))
        membership = random.random() < 0.4
        # Rot needs two whole disks besides: fewer can neither elect nor repair.
        rot = random.random() < 0.3 and not membership and len(cluster.members) >= 3
        self.faults = Faults(cluster, random.choice((0.5, 1.5, 4.0)), membership=membership, rot=rot)
        self.trace = 0
        self.committed = CheckCommitted(cluster)
        CheckLeaders(cluster, self.committed)
        CheckLogs(cluster)
        CheckStates(cluster)
        CheckPromises(cluster)
        CheckMarks(cluster)
        CheckDurable(cluster)
        cluster.net.taps.append(self._trace)

    def _trace(self, sender: str, to: str, parcel: bytes) -> None:
        self.trace = zlib.crc32(f"{self.world.time:.6f}{sender}{to}".encode() + parcel, self.trace)

    def execute(self) -> Report:
        """Run it; stops early at the first violation."""
        world, cluster = self.world, self.cluster
        cluster.start()
        self.clients.start()
        self.faults.start()
        at = 0.0
        while at < self.seconds and not cluster.violations:
            at += 0.25
            world.run_until(at)
        if not cluster.violations:
            self._calm()
        return Report(
            world.seed, cluster.violations, self.trace, self.clients.done, world.events, len(self.committed.entries)
        )

    def _calm(self) -> None:
        world, cluster = self.world, self.cluster
        self.faults.stop()
        check_progress(cluster)
        self.clients.stopped = True
        world.run_until(world.time + PATIENCE_S)
        check_agreement(cluster)
        for hung in self.clients.hung:
            cluster.violation(hung)
        for fault in self.history.faults(dict.fromkeys(KEYS, INITIAL)):
            cluster.violation(fault)


def run_seed(seed: int, seconds: float = SECONDS, bug: str = "") -> Report:
    """Run one seed, with a planted bug when one is named; an exception is a finding as well."""
    with planted(bug):
        run = Run(seed, seconds)
        try:
            return run.execute()
        except Storm as error:
            run.cluster.violation(str(error))
        except Exception as error:
            run.cluster.violation(f"{type(error).__name__}: {error}")
            if not bug:
                raise
        return Report(seed, run.cluster.violations, run.trace, run.clients.done, run.world.events, 0)


@contextlib.contextmanager
def planted(bug: str) -> Iterator[None]:
    """Have the bug in the code meanwhile."""
    if not bug:
        yield
        return
    from tests.sim.bugs import BUGS

    with BUGS[bug]():
        yield


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--bug", default="")
    arguments = parser.parse_args()
    if arguments.seed:
        say(str(run_seed(arguments.seed, arguments.seconds, arguments.bug)))
        return
    began, operations, found = time.process_time(), 0, 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        report = run_seed(seed, arguments.seconds, arguments.bug)
        operations += report.operations
        if report.violations:
            found += 1
            say(f"{seed} {report.violations[0][:300]}")
    spent = time.process_time() - began
    hours = arguments.seeds * arguments.seconds / 3600
    say(f"{arguments.seeds} seeds, {hours:.2f} simulated hours, {operations} operations, {found} found, {spent:.0f} s")


def say(text: str) -> None:
    """One line for whoever started the run."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

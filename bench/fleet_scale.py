"""A whole fleet at one leader: memory, CPU, snapshots, route tables, changes, and the loss of a node.

``python -m bench.fleet_scale [--tenants 100000] [--nodes 500] [--gateways 10] [--seconds 5]``. The leader is the real
control plane over LMDB with its housekeeping; nodes beat and gateways watch within its process, whose messages are
encoded and decoded as on the wire, so that the leader's CPU here includes theirs.
"""

import argparse
import gc
import itertools
import resource
import shutil
import tempfile
import time
from pathlib import Path
from random import SystemRandom
from typing import Any

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import LoopingCall, deferLater

from pbe.cluster.beats import LEASE_S, Beats
from pbe.cluster.desk import Desk
from pbe.cluster.steward import Steward
from pbe.consensus import ControlPlane
from pbe.fleet import Fleet, commands
from pbe.routing.feed import RouteFeed
from pbe.routing.publisher import RoutePublisher
from pbe.routing.table import RouteTable
from pbe.storage.lmdb_control import LmdbControl

BATCH = 2000
ROUTE_CHANGES = 200
GOALS = {
    "memory_mb": 300.0,
    "snapshot_s": 0.2,
    "restore_s": 1.0,
    "table_s": 0.3,
    "route_p99_ms": 20.0,
    "replaced_ms": 100.0,
    "leader_cores": 0.1,
}


class Gateway:
    """A gateway's route table and its feed, fed by the wire's bytes; when each change came."""

    def __init__(self, publisher: RoutePublisher) -> None:
        self.table = RouteTable("platform.example")
        self.feed = RouteFeed(self.table)
        self.heard: dict[str, float] = {}
        self.stop = publisher.source(0, self._emit)

    def _emit(self, revision: int, body: Any) -> None:
        received = msgspec.msgpack.decode(msgspec.msgpack.encode(body))
        self.feed.heard(revision, received)
        if not received.get("reset"):
            now = time.perf_counter()
            self.heard.update((key, now) for table, key, _ in received["changes"] if table == "routes")


class Scale:
    """One run; `figures` fills as it goes."""

    def __init__(self, folder: Path, tenants: int, nodes: int, gateways: int, seconds: float) -> None:
        self.tenants, self.nodes, self.gateway_count, self.seconds = tenants, nodes, gateways, seconds
        self.figures: dict[str, float] = {}
        self.plane = ControlPlane.create(
            store=LmdbControl(folder),
            member_id="cp-1",
            address="127.0.0.1:1",
            clock=reactor,
            now=time.time,
            random=SystemRandom().randrange,
        )
        self.beats = Beats()
        self.steward = Steward(self.plane, self.beats, reactor)
        self.desk = Desk(self.plane, self.beats, self.steward, reactor, time.time)
        self.publisher = RoutePublisher(self._records, 0)
        self.silent = ""
        self.beating = LoopingCall(self._beat)
        self._turn = 0

    async def run(self) -> None:
        """Everything in turn."""
        self.plane.start()
        await self.plane.ready()
        await self._fill()
        gc.collect()
        gc.freeze()
        self.figures["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self._snapshot()
        self.publisher.reset(self.plane.fleet.revision)
        self.plane.watch(self.plane.fleet.revision, self._publish)
        began = time.perf_counter()
        gateways = [Gateway(self.publisher)]
        self.figures["table_s"] = time.perf_counter() - began
        gateways += [Gateway(self.publisher) for _ in range(self.gateway_count - 1)]
        self.beating.start(1 / 20)
        self.steward.start()
        await deferLater(reactor, 1.5, lambda: None)
        await self._idle()
        await self._route_changes(gateways)
        await self._lose_node(gateways)
        for gateway in gateways:
            gateway.stop()
        self.beating.stop()
        self.steward.stop()
        await self.plane.stop()

    def _records(self) -> tuple[int, list[tuple[str, str, Any]]]:
        fleet = self.plane.fleet
        nodes = [("nodes", key, record) for key, record in fleet.nodes.sorted_items()]
        return fleet.revision, nodes + [("routes", key, record) for key, record in fleet.routes.sorted_items()]

    def _publish(self, revision: int, events: Any) -> None:
        for _, group in itertools.groupby(events or (), lambda event: event.revision):
            self.publisher.publish(list(group))

    async def _fill(self) -> None:
        for number in range(self.nodes):
            await self.desk.register(
                {"id": f"node-{number}", "address": f"http://10.0.{number // 250}.{number % 250}:8091", "capacity": 400}
            )
        # Room for the tenants of a node that is lost: twice the usual number.
        await self.plane.propose(commands.PlacementSet(max_tenant_per_node=400))
        began = time.perf_counter()
        for first in range(0, self.tenants, BATCH):
            await gatherResults(
                Deferred.fromCoroutine(self.plane.propose(self._tenant(number)))
                for number in range(first, min(first + BATCH, self.tenants))
            )
        self.figures["creates_per_s"] = self.tenants / (time.perf_counter() - began)

    def _tenant(self, number: int) -> commands.TenantCreate:
        return commands.TenantCreate(
            f"tenant-{number}",
            f"tenant-{number}.platform.example",
            region="us-east-1",
            metadata={"team": f"team-{number % 1000}"},
            node_id=f"node-{number % self.nodes}",
        )

    def _beat(self) -> None:
        """A twentieth of the nodes beats, as each does once a second."""
        self._turn += 1
        for number in range(self._turn % 20, self.nodes, 20):
            node_id = f"node-{number}"
            if node_id != self.silent:
                beat = {"node_id": node_id, "active_tenants": 140, "resources": {"cpu_usage": 0.3}}
                payload = msgspec.msgpack.decode(msgspec.msgpack.encode(beat))
                Deferred.fromCoroutine(self.desk.heartbeat(payload)).addErrback(lambda failure: None)

    def _snapshot(self) -> None:
        fleet = self.plane.fleet
        began = time.perf_counter()
        meta, pieces = fleet.meta(), list(fleet.export())
        self.figures["snapshot_s"] = time.perf_counter() - began
        self.figures["snapshot_mb"] = sum(map(len, pieces)) / 1e6
        began = time.perf_counter()
        restored = Fleet.restore(meta, pieces)
        self.figures["restore_s"] = time.perf_counter() - began
        if restored.state_hash != fleet.state_hash:
            raise AssertionError("the snapshot is of another state")

    async def _idle(self) -> None:
        before, began = time.process_time(), time.perf_counter()
        await deferLater(reactor, self.seconds, lambda: None)
        self.figures["leader_cores"] = (time.process_time() - before) / (time.perf_counter() - began)

    async def _route_changes(self, gateways: list[Gateway]) -> None:
        took = []
        for number in range(min(ROUTE_CHANGES, self.tenants)):
            key = f"tenant-{number}"
            route = self.plane.fleet.routes.rows[key]
            began = time.perf_counter()
            target = f"node-{(number + 1) % self.nodes}"
            await self.plane.propose(commands.RouteAssign(((key, target, route.epoch),), status="active"))
            await deferLater(reactor, 0, lambda: None)
            took += [gateway.heard[key] - began for gateway in gateways]
        took.sort()
        self.figures["route_p99_ms"] = took[len(took) * 99 // 100] * 1000

    async def _lose_node(self, gateways: list[Gateway]) -> None:
        self.silent = f"node-{self.nodes // 2}"
        lost = self.plane.fleet.tenants.group("node_id", self.silent)
        beat = self.beats.get(self.silent)
        over = (beat.heard_s if beat is not None else reactor.seconds()) + LEASE_S
        while self.plane.fleet.tenants.count("node_id", self.silent):
            await deferLater(reactor, 0.002, lambda: None)
        self.figures["replaced"] = float(len(lost))
        self.figures["replaced_ms"] = max(0.0, (reactor.seconds() - over) * 1000)
        homes = set()
        for gateway in gateways:
            found = (gateway.table.by_tenant(key) for key in lost)
            homes |= {route.node_id for route in found if route is not None}
        if self.silent in homes:
            raise AssertionError("a gateway still sends to the lost node")


def run(tenants: int, nodes: int, gateways: int, seconds: float) -> dict[str, float]:
    """Run within the reactor, which must not run yet; the figures."""
    folder = Path(tempfile.mkdtemp(prefix="fleet-scale-", dir=Path.cwd()))
    scale = Scale(folder, tenants, nodes, gateways, seconds)
    failures: list[Any] = []
    reactor.callWhenRunning(
        lambda: Deferred.fromCoroutine(scale.run()).addErrback(failures.append).addBoth(lambda _: reactor.stop())
    )
    reactor.run()
    shutil.rmtree(folder, ignore_errors=True)
    if failures:
        failures[0].raiseException()
    return scale.figures


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--gateways", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    figures = run(arguments.tenants, arguments.nodes, arguments.gateways, arguments.seconds)
    for name, figure in figures.items():
        goal = GOALS.get(name)
        verdict = "" if goal is None else f"   goal {goal:g}: {'met' if figure <= goal else 'MISSED'}"
        print(f"{name:16} {figure:12,.3f}{verdict}")


if __name__ == "__main__":
    main()

"""What the leader would decide, and why: for operators who ask before they act. Nothing here is carried out."""

from typing import Any

from pbe.cluster.desk import TenantWord
from pbe.cluster.placement import Hall, rebalance
from pbe.cluster.plane import Plane
from pbe.cluster.steward import Steward
from pbe.errors import BadRequest, NotFound

MOVES_MAX = 100
EXPLAIN = "placement.explain"
MOVES = "placement.moves"


class Counsel:
    """Answers at any member; what it takes to know, the heartbeats, is the leader's."""

    def __init__(self, plane: Plane, steward: Steward) -> None:
        self._plane = plane
        self._steward = steward
        plane.serve(EXPLAIN, self._explain)
        plane.serve(MOVES, self._moves)

    async def explain(self, tenant_id: str) -> dict[str, Any]:
        """The node that the tenant would get now if it had none, with the reason, and every node as it is seen."""
        payload = {"tenant_id": tenant_id}
        if self._plane.is_leader:
            return await self._explain(payload)
        answer: dict[str, Any] = await self._plane.ask_leader(EXPLAIN, payload)
        return answer

    async def moves(self, most: int) -> list[dict[str, Any]]:
        """Moves that would even the nodes out, at most so many, each with its reason."""
        if not 1 <= most <= MOVES_MAX:
            raise BadRequest(f"The parameter max must be a whole number from 1 to {MOVES_MAX}.")
        if self._plane.is_leader:
            return await self._moves({"max": most})
        answer: list[dict[str, Any]] = await self._plane.ask_leader(MOVES, {"max": most})
        return answer

    async def _explain(self, payload: Any) -> dict[str, Any]:
        tenant_id = TenantWord(payload["tenant_id"]).tenant_id
        fleet = self._plane.fleet
        tenant = fleet.tenants.get(tenant_id)
        if tenant is None:
            raise NotFound("There is no such tenant.")
        seats = self._steward.seats()
        decision = Hall(fleet.placement, self._steward.seats()).choose(tenant)
        chosen = fleet.nodes.get(decision.node_id) if decision is not None else None
        return {
            "tenantId": tenant_id,
            "nodeId": chosen.id if chosen is not None else "",
            "nodeAddress": chosen.address if chosen is not None else "",
            "reason": decision.reason if decision is not None else "no node may take it now",
            "currentNode": tenant.node_id,
            "nodes": [
                {
                    "id": seat.node.id,
                    "status": seat.node.status,
                    "tenants": seat.tenants,
                    "capacity": seat.node.capacity,
                    "load": dict(seat.load),
                }
                for seat in sorted(seats, key=lambda seat: seat.node.id)
            ],
        }

    async def _moves(self, payload: Any) -> list[dict[str, Any]]:
        fleet = self._plane.fleet
        seats = [seat for seat in self._steward.seats() if seat.node.status == "healthy"]
        here = {seat.node.id for seat in seats}
        tenants = [tenant for tenant in fleet.tenants.rows.values() if tenant.node_id in here]
        return [
            {"tenantId": move.tenant_id, "nodeId": move.node_id, "reason": move.reason}
            for move in rebalance(fleet.placement, seats, tenants, int(payload["max"]))
        ]

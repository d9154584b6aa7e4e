"""`/api/health` of a process and `/api/cp/health` of the platform: computed, with reasons."""

from collections import Counter
from typing import Any

from pbe.api.admin.access import Caller
from pbe.api.admin.plane import Plane
from pbe.fleet import Fleet
from pbe.fleet.records import NODE_STATUSES
from pbe.web.request import Request
from pbe.web.response import Response, json_response

DEGRADED_DOWN_NODES_MIN = 1


class Health:
    """What a load balancer and an operator ask."""

    def __init__(self, plane: Plane, role: str) -> None:
        self._plane = plane
        self._role = role

    async def alive(self, request: Request) -> Response:
        """GET /api/health: this process answers. Promises nothing about the others."""
        return json_response(alive(self._role))

    async def platform(self, request: Request, caller: Caller) -> Response:
        """GET /api/cp/health: the whole platform as this member knows it; never waits for the others."""
        status = self._plane.status()
        return json_response(platform(self._plane.fleet, status))


def alive(role: str) -> dict[str, Any]:
    """The answer of a process that serves."""
    return {"code": 200, "message": "API is healthy.", "data": {}, "role": role}


def platform(fleet: Fleet, raft: dict[str, Any]) -> dict[str, Any]:
    """The health of the platform: `status` is healthy, degraded or down, and `reasons` says why."""
    counts = Counter(node.status for node in fleet.nodes.rows.values())
    tenants = Counter(tenant.status for tenant in fleet.tenants.rows.values())
    reasons = _reasons(fleet, raft, counts)
    down = not raft.get("leader") or (counts["down"] and counts["down"] == len(fleet.nodes))
    return {
        "status": "down" if down else "degraded" if reasons else "healthy",
        "reasons": reasons,
        "control_plane": {
            "leader": raft.get("leader", ""),
            "nodes": len(raft.get("members", ())),
            "term": raft.get("term", 0),
            "applied": raft.get("applied", 0),
        },
        "tenant_nodes": {"total": len(fleet.nodes), **{status: counts[status] for status in NODE_STATUSES}},
        "tenants": {"total": sum(tenants.values()) - tenants["deleted"], **dict(sorted(tenants.items()))},
    }


def _reasons(fleet: Fleet, raft: dict[str, Any], counts: Counter[str]) -> list[str]:
    reasons = []
    if not raft.get("leader"):
        reasons.append("The control plane has no leader: nothing can be changed.")
    for status in ("down", "degraded"):
        if counts[status]:
            names = ", ".join(fleet.nodes.group("status", status)[:10])
            reasons.append(f"{counts[status]} tenant node(s) {status}: {names}.")
    waiting = [
        key
        for status in ("created", "assigning")
        for key in fleet.tenants.group("status", status)
        if not fleet.tenants.rows[key].node_id
    ]
    if waiting and not (counts["healthy"] or counts["degraded"]):
        reasons.append(f"{len(waiting)} tenant(s) wait for a node: none takes tenants.")
    return reasons

"""Which tenant leaves when the node is full."""

from dataclasses import dataclass

RECENCY_WEIGHT = 0.5
REQUESTS_WEIGHT = 0.3
MEMORY_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Use:
    """What one tenant cost and brought: seconds since its last request, requests lately, bytes it takes."""

    tenant_id: str
    idle_s: float
    requests: float
    memory_bytes: int


def scores(uses: list[Use], idle_s_max: float) -> dict[str, float]:
    """A score from 0 to 1 for each tenant; the lowest leaves first.

    Recency counts from 1 (now) to 0 (idle for `idle_s_max`), requests against the busiest, memory against the largest:
    a small tenant is cheaper to keep.
    """
    requests_most = max((use.requests for use in uses), default=0.0) or 1.0
    memory_most = max((use.memory_bytes for use in uses), default=0) or 1
    return {
        use.tenant_id: RECENCY_WEIGHT * (1.0 - min(use.idle_s / idle_s_max, 1.0))
        + REQUESTS_WEIGHT * use.requests / requests_most
        + MEMORY_WEIGHT * (1.0 - use.memory_bytes / memory_most)
        for use in uses
    }


def first_to_leave(uses: list[Use], idle_s_max: float) -> str | None:
    """The id with the lowest score; of equals, the one that was idle longest, then the first by id."""
    by_score = scores(uses, idle_s_max)
    ranked = sorted(uses, key=lambda use: (by_score[use.tenant_id], -use.idle_s, use.tenant_id))
    return ranked[0].tenant_id if ranked else None

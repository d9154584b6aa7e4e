"""Heartbeats and what they say."""

from typing import Any

import pytest

from pbe.cluster.beats import DEGRADE_BEATS, GRACE_S, LEASE_S, RECOVER_BEATS, Beats, usage


def load(cpu: float = 0.0, disk: float = 0.0) -> dict[str, Any]:
    """A heartbeat of a node with that load."""
    return {"resources": {"cpu_usage": cpu, "disk_total": 1000, "disk_usage": int(disk * 1000)}}


def status(beats: Beats, now_s: float) -> str:
    """The status of n1, "" where nothing can be said."""
    verdict = beats.verdict("n1", now_s)
    return "" if verdict is None else verdict.status


def test_a_node_is_down_when_its_lease_is_over() -> None:
    """Up to the lease's end it is alive, from then on down; a heartbeat brings it back."""
    beats = Beats()
    beats.begin(0.0)
    beats.heard("n1", load(), 100.0, 0.0)
    assert status(beats, 100.0 + LEASE_S - 0.01) == "healthy"
    assert status(beats, 100.0 + LEASE_S) == "down"
    beats.heard("n1", load(), 104.0, 0.0)
    assert status(beats, 104.0) == "healthy"


def test_a_new_leader_grants_a_grace_period() -> None:
    """After an election nobody is declared dead at once, not even who spoke in an earlier reign."""
    beats = Beats()
    beats.begin(0.0)
    beats.heard("n1", load(), 1.0, 0.0)
    beats.begin(100.0)
    assert status(beats, 100.0 + GRACE_S - 0.01) == ""
    assert status(beats, 100.0 + GRACE_S) == "down"


@pytest.mark.parametrize("hot", [load(cpu=0.81), load(disk=0.86)])
def test_a_node_degrades_only_after_some_beats(hot: dict[str, Any]) -> None:
    """One hot second is nothing; load that stays high degrades, and only load that stays low heals."""
    beats = Beats()
    beats.begin(0.0)
    for number in range(DEGRADE_BEATS):
        assert status(beats, 0.0) != "degraded"
        beats.heard("n1", hot, float(number), 0.0)
    now = float(DEGRADE_BEATS)
    assert status(beats, now) == "degraded"
    for _ in range(50):
        beats.heard("n1", load(cpu=0.78), now, 0.0)
    assert status(beats, now) == "degraded"
    for _ in range(RECOVER_BEATS - 1):
        beats.heard("n1", load(), now, 0.0)
    assert status(beats, now) == "degraded"
    beats.heard("n1", load(), now, 0.0)
    assert status(beats, now) == "healthy"


def test_load_that_swings_does_not_make_the_status_swing() -> None:
    """A node hot every other second stays healthy."""
    beats = Beats()
    beats.begin(0.0)
    for number in range(100):
        beats.heard("n1", load(cpu=0.9 if number % 2 else 0.1), 0.0, 0.0)
        assert status(beats, 0.0) == "healthy"


@pytest.mark.parametrize("payload", [{}, {"resources": None}, {"resources": {"cpu_usage": "hot", "disk_total": True}}])
def test_a_heartbeat_of_nonsense_is_a_node_without_load(payload: dict[str, Any]) -> None:
    """What a lying or older node sends cannot break the leader."""
    assert all(share == 0.0 for share in usage(payload).values())
    beats = Beats()
    beats.begin(0.0)
    beats.heard("n1", payload, 0.0, 0.0)
    assert status(beats, 0.0) == "healthy"

"""Clusters of whole members: real driver, real links, real LMDB."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pbe.consensus.link_transport import joined, split
from pbe.errors import BadRequest, NotFound, PeerError, Unavailable
from pbe.fleet import Rejected
from pbe.fleet import commands as c
from tests.consensus.cluster import Cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three members."""
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_three_members_agree(cluster: Cluster) -> None:
    """Commands at every member, refusals too, end in one state with one hash."""
    planes = [cluster.leader(), *cluster.followers()]
    for number, plane in enumerate(planes):
        tenant = cluster.result(plane.propose(c.TenantCreate(f"t{number}", f"t{number}.localhost")))
        assert plane.fleet.tenants.rows[tenant.id] == tenant
        with pytest.raises(Rejected):
            cluster.result(plane.propose(c.TenantCreate("t0", "other.localhost")))
    cluster.run(0.2)
    assert len({plane.status()["state_hash"] for plane in planes}) == 1
    assert {plane.status()["leader"] for plane in planes} == {planes[0].member_id}


def test_a_read_at_a_follower_sees_what_was_acknowledged(cluster: Cluster) -> None:
    """A command acknowledged by the leader shows at once in a read of any member."""
    leader = cluster.leader()
    for number, follower in enumerate(cluster.followers() * 3):
        cluster.result(leader.propose(c.TenantCreate(f"t{number}", f"t{number}.localhost")))
        assert f"t{number}" in cluster.result(follower.read()).tenants.rows


def test_the_loss_of_the_leader_is_noticed_at_once(cluster: Cluster) -> None:
    """Its closed connections are a hint: the next command is through in a tenth of the election timeout."""
    leader, (follower, _) = cluster.leader(), cluster.followers()
    cluster.run(1)
    leader._driver.broken = True
    leader._transport.stop()
    before = cluster.clock.seconds()
    cluster.result(follower.propose(c.AuditAppend("a", "b")))
    assert cluster.clock.seconds() - before < 0.1


def test_a_stopping_leader_hands_over(cluster: Cluster) -> None:
    """Commands go on at the others; the one that comes back catches up."""
    leader, (follower, _) = cluster.leader(), cluster.followers()
    cluster.stop(leader.member_id)
    cluster.result(follower.propose(c.TenantCreate("t", "t.localhost")))
    again = cluster.start(leader.member_id)
    cluster.run(1)
    assert again.status()["state_hash"] == follower.status()["state_hash"]


def test_without_a_majority_nothing_is_promised(cluster: Cluster) -> None:
    """Commands and reads fail after their deadline, status answers at once, and all goes on when a majority is back."""
    leader, others = cluster.leader(), [plane.member_id for plane in cluster.followers()]
    for member in others:
        cluster.stop(member)
    cluster.run(3)
    assert leader.status()["quorum"] is False
    with pytest.raises(Unavailable):
        cluster.result(leader.read())
    with pytest.raises(Unavailable):
        cluster.result(leader.propose(c.TenantCreate("t", "t.localhost")))
    cluster.start(others[0])
    cluster.result(leader.propose(c.TenantCreate("u", "u.localhost")))


def test_a_member_joins_and_leaves(cluster: Cluster) -> None:
    """A new member asks to be let in, learns by a snapshot, votes; it can be let go by itself."""
    leader = cluster.leader()
    for number in range(50):
        cluster.result(leader.propose(c.TenantCreate(f"t{number}", f"t{number}.localhost")))
    joiner = cluster.start("d", join=True)
    cluster.run(3)
    shown = {member["id"]: member for member in leader.status()["members"]}
    assert shown["d"]["voter"]
    assert joiner.status()["state_hash"] == leader.status()["state_hash"]
    cluster.result(joiner.propose(c.TenantCreate("x", "x.localhost")))
    cluster.result(joiner.remove_member("d"))
    assert "d" not in [member["id"] for member in leader.status()["members"]]
    with pytest.raises(NotFound):
        cluster.result(leader.remove_member("nobody"))


def test_leadership_moves_on_request(cluster: Cluster) -> None:
    """The target leads afterwards; nonsense is refused."""
    leader, (follower, _) = cluster.leader(), cluster.followers()
    cluster.result(follower.transfer(follower.member_id))
    assert cluster.leader() is follower
    with pytest.raises(BadRequest):
        cluster.result(leader.transfer("nobody"))


def test_a_stranger_is_not_heard(cluster: Cluster) -> None:
    """A member with another secret changes nothing."""
    leader = cluster.leader()
    term = leader.status()["term"]
    stranger = cluster.start("z", join=True, secret=b"another secret, of thirty-two by")
    cluster.run(3)
    assert stranger.status()["members"] == []
    assert (cluster.leader().status()["term"], len(leader.status()["members"])) == (term, 3)


def test_questions_reach_the_leader(cluster: Cluster) -> None:
    """A handler runs at the leader only; refusals come back as they were."""

    def handler_of(name: str) -> Callable:
        async def who(payload: str) -> str:
            if payload == "bad":
                raise BadRequest("bad payload")
            return f"{name} heard {payload}"

        return who

    for name, plane in cluster.planes.items():
        plane.serve("who", handler_of(name))
    leader, (follower, _) = cluster.leader(), cluster.followers()
    assert cluster.result(follower.ask_leader("who", "x")) == f"{leader.member_id} heard x"
    with pytest.raises(BadRequest, match="Bad payload"):
        cluster.result(follower.ask_leader("who", "bad"))
    with pytest.raises(NotFound):
        cluster.result(follower.ask_leader("nothing", "x"))


def test_posts_of_parcels_are_read_back_or_refused() -> None:
    """Whatever the limit of a post, parcels come back in order; a cut one is refused."""
    parcels = [[b"a", b"bc"], [b""], [b"x" * 50], [b"y"]]
    for limit in (1, 10, 1000):
        posts = joined(parcels, limit)
        assert [parcel for post in posts for parcel in split(post)] == [b"abc", b"", b"x" * 50, b"y"]
    (whole,) = joined(parcels)
    cuts = [7, 11, 65]
    for cut in range(1, len(whole)):
        if cut in cuts:
            assert len(split(whole[:cut])) < 4
            continue
        with pytest.raises(PeerError):
            split(whole[:cut])

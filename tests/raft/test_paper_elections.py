"""Claims of the Raft paper (Ongaro and Ousterhout 2014) and thesis (Ongaro 2014) on terms and elections."""

import pytest

from pbe.raft import Core, HardState, Kind, Message, Settings, bootstrap, election, make_entry
from pbe.raft.messages import Ready
from tests.raft.kit import Net


def test_a_newer_term_makes_a_follower() -> None:
    """5.1: a candidate or leader that finds its term to be out of date becomes a follower at once."""
    for role in ("follower", "candidate", "leader"):
        net = Net()
        core = net.cores["a"]
        if role == "leader":
            net.elect("a")
        elif role == "candidate":
            core.state.become_candidate()
        term = core.term
        core.step(Message(Kind.APPEND, "a", "b", term + 3, index=0))
        assert (core.role, core.term, core.leader) == ("follower", term + 3, "b")


def test_a_message_of_an_old_term_changes_nothing() -> None:
    """5.1: requests with a stale term number are rejected."""
    net = Net()
    leader = net.elect("a")
    before = (leader.term, leader.log.last, leader.role)
    for kind in Kind:
        leader.step(Message(kind, "a", "b", 1, index=1, log_term=1))
    assert (leader.term, leader.log.last, leader.role) == before


def test_everybody_begins_as_a_follower() -> None:
    """5.2: when servers start up, they begin as followers."""
    assert {core.role for core in Net().cores.values()} == {"follower"}


def test_a_leader_sends_heartbeats() -> None:
    """5.2: leaders send periodic heartbeats to all followers to keep their authority."""
    net = Net()
    net.elect("a")
    net.tick("a")
    net.work("a")
    assert sorted((m.kind.name, m.to) for m in net.wire) == [("HEARTBEAT", "b"), ("HEARTBEAT", "c")]


def test_silence_begins_an_election() -> None:
    """5.2: a follower that hears nothing for the election timeout begins an election, after a pre-vote (thesis 9.6)."""
    net = Net()
    net.tick("a", 10)
    net.work("a")
    assert [m.kind for m in net.wire] == [Kind.PRE_VOTE, Kind.PRE_VOTE]
    assert (net.cores["a"].role, net.cores["a"].term) == ("pre_candidate", 1)
    net.settle()
    assert (net.cores["a"].role, net.cores["a"].term, net.disks["a"].hard.vote) == ("leader", 2, "a")


@pytest.mark.parametrize(
    ("size", "granted", "refused", "role"),
    [
        (1, 0, 0, "leader"),
        (3, 1, 0, "leader"),
        (3, 0, 2, "follower"),
        (3, 0, 1, "candidate"),
        (5, 2, 0, "leader"),
        (5, 2, 2, "leader"),
        (5, 1, 2, "candidate"),
        (5, 0, 3, "follower"),
    ],
)
def test_a_majority_elects(size: int, granted: int, refused: int, role: str) -> None:
    """5.2: a candidate wins with votes of a majority of the full cluster for the same term."""
    net = Net("abcde"[:size])
    core = net.cores["a"]
    election.start_election(core.state)
    voters = "bcde"
    for position in range(granted + refused):
        reject = position >= granted
        core.step(Message(Kind.VOTE_REPLY, "a", voters[position], core.term, reject=reject))
    assert core.role == role


def test_one_vote_a_term_first_come_first_served() -> None:
    """5.2: each server votes for at most one candidate in a given term; a restart does not give it another vote."""
    net = Net()

    def asks(sender: str) -> bool:
        net.wire.clear()
        net.cores["a"].step(Message(Kind.VOTE, "a", sender, 2, index=1, log_term=1))
        net.work("a")
        (reply,) = net.wire
        return not reply.reject

    assert asks("b")
    assert not asks("c")
    assert asks("b")
    net.start("a")
    assert not asks("c")
    assert asks("b")


def test_a_vote_leaves_only_after_it_is_on_disk() -> None:
    """5.6: term and vote are persistent before the answer is given."""
    net = Net()
    net.cores["a"].step(Message(Kind.VOTE, "a", "b", 2, index=1, log_term=1))
    ready: Ready = net.cores["a"].ready()
    assert ready.messages == []
    assert ready.must_sync
    assert [m.kind for m in ready.promises] == [Kind.VOTE_REPLY]
    assert ready.hard_state == HardState(2, "b", 1)


def test_timeouts_are_spread() -> None:
    """5.2: election timeouts are drawn from a fixed interval, so that split votes are rare."""
    drawn = iter(range(100))
    seen = set()
    for _ in range(10):
        core = Core("a", random=lambda n: next(drawn) % n, config=bootstrap({"a": "", "b": "", "c": ""}))
        seen.add(core.state.election_timeout)
    assert seen == set(range(10, 20))


@pytest.mark.parametrize(
    ("own", "candidate", "granted"),
    [
        ([2], (2, 2), True),
        ([2], (1, 2), False),
        ([2, 2], (2, 2), False),
        ([2, 2], (3, 2), True),
        ([2, 2], (2, 3), True),
        ([3], (5, 2), False),
        ([3], (2, 3), True),
    ],
)
def test_only_an_up_to_date_log_gets_votes(own: list[int], candidate: tuple[int, int], granted: bool) -> None:
    """5.4.1: the voter denies its vote if its own log ends with a later term, or is longer in the same term."""
    net = Net()
    core = net.cores["a"]
    core.log.append([make_entry(2 + position, term, b"") for position, term in enumerate(own)])
    core.step(Message(Kind.VOTE, "a", "b", 9, index=candidate[0], log_term=candidate[1]))
    net.work("a")
    (reply,) = [m for m in net.wire if m.kind == Kind.VOTE_REPLY]
    assert reply.reject is not granted


def test_a_member_that_was_cut_off_does_not_disturb() -> None:
    """Thesis 9.6: with pre-votes a server that could not win does not raise its term, and disturbs nobody on return."""
    net = Net()
    leader = net.elect("a")
    net.isolate("c")
    net.pass_time(50)
    assert (net.cores["c"].term, leader.role) == (2, "leader")
    net.heal()
    net.pass_time(3)
    assert (leader.role, leader.term, net.cores["c"].leader) == ("leader", 2, "a")


def test_a_leader_is_not_deposed_while_it_is_heard() -> None:
    """Thesis 4.2.3: a server that heard a leader within the minimum election timeout ignores requests for votes."""
    net = Net()
    net.elect("a")
    net.cores["b"].step(Message(Kind.VOTE, "b", "c", 9, index=99, log_term=9))
    net.work("b")
    assert (net.cores["b"].term, net.wire) == (2, [])
    net.cores["b"].step(Message(Kind.VOTE, "b", "c", 9, index=99, log_term=9, force=True))
    assert net.cores["b"].term == 9


def test_a_leader_without_a_majority_steps_down() -> None:
    """Thesis 6.2: a leader steps down if an election timeout passes without heartbeats to a majority."""
    net = Net("abcde")
    leader = net.elect("a")
    net.isolate("a", "b")
    net.pass_time(21)
    assert leader.role != "leader"
    assert any(net.cores[member].is_leader for member in "cde")


def test_leadership_is_handed_over() -> None:
    """Thesis 3.10: the leader brings the target up to date and has it campaign at once; meanwhile it takes nothing."""
    net = Net()
    leader = net.elect("a")
    net.isolate("b")
    net.propose("a", "x")
    net.settle()
    net.heal()
    assert leader.transfer("b")
    assert net.propose("a", "y") == "transfer"
    net.settle()
    assert net.cores["b"].is_leader
    assert net.applied["a"] == net.applied["b"] == ["x"]


def test_a_hand_over_that_fails_is_given_up() -> None:
    """Thesis 3.10: if the transfer does not complete after about an election timeout, the leader resumes."""
    net = Net()
    leader = net.elect("a")
    net.isolate("b")
    assert leader.transfer("b")
    assert not leader.transfer("nobody")
    net.pass_time(11)
    assert leader.is_leader
    assert net.propose("a", "y") == ""


def test_a_hint_that_the_leader_is_gone_only_asks() -> None:
    """A closed connection makes a follower campaign at once; if the leader lives, the others refuse."""
    net = Net()
    leader = net.elect("a")
    net.cores["b"].forget_leader()
    net.cores["b"].campaign()
    net.settle()
    net.pass_time(2)
    assert (leader.role, leader.term, net.cores["b"].leader) == ("leader", 2, "a")
    net.isolate("a")
    for member in "bc":
        net.cores[member].forget_leader()
    net.cores["b"].campaign()
    net.settle()
    assert net.cores["b"].is_leader


def test_a_member_whose_disk_stalls_neither_leads_nor_campaigns() -> None:
    """A leader that cannot write is no leader: it steps down, and leaves elections to others until its disk answers."""
    net = Net(settings=Settings(election_ticks=10, heartbeat_ticks=1))
    leader = net.elect("a")
    leader.set_stalled(True)
    net.tick("a", 30)
    assert leader.role == "follower"
    leader.set_stalled(False)
    net.tick("a", 30)
    assert leader.role == "pre_candidate"


def test_a_member_with_a_damaged_log_does_not_vote() -> None:
    """3.6.1 rests on voters that have what they acknowledged: one that lost some abstains until it has it again."""
    net = Net()
    net.cores["b"].set_recovering(True)
    net.cores["b"].step(Message(Kind.VOTE, "b", "a", 2, index=50, log_term=1))
    net.work("b")
    (reply,) = net.wire
    assert reply.reject
    net.tick("b", 30)
    assert net.cores["b"].role == "follower"

"""Claims of the Raft thesis on membership (4) and linearizable reads (6.4); quorums against their twins."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.errors import Misuse
from pbe.raft import Change, Config, ConfigChange, Kind, bootstrap
from pbe.raft.config import changed
from pbe.raft.quorum import LOST, PENDING, WON, joint_index, majority_index, majority_vote
from tests.raft.kit import Net


def change(*pairs: str) -> ConfigChange:
    """`+x` adds a voter, `~x` a learner, `-x` removes."""
    operations = {"+": "add_voter", "~": "add_learner", "-": "remove"}
    return ConfigChange(tuple(Change(operations[pair[0]], pair[1:]) for pair in pairs))


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 9), min_size=1))
def test_the_committed_index_is_what_a_majority_has(match: dict[str, int]) -> None:
    """The sorted middle equals the greatest index that so many members have, counted one by one."""
    need = len(match) // 2 + 1
    slow = max(index for index in range(10) if sum(1 for has in match.values() if has >= index) >= need)
    assert majority_index(match, match) == slow


@given(
    st.sets(st.sampled_from("abcde"), min_size=1),
    st.sets(st.sampled_from("abcde")),
    st.dictionaries(st.sampled_from("abcde"), st.integers(0, 5)),
)
def test_a_joint_commit_needs_both_majorities(one: set[str], other: set[str], match: dict[str, int]) -> None:
    """4.3: agreement requires separate majorities from both the old and the new configuration."""
    index = joint_index(one, other, match)
    for half in (one, other):
        if half:
            assert sum(1 for voter in half if match.get(voter, 0) >= index) * 2 > len(half)


@given(st.sets(st.sampled_from("abcde"), min_size=1), st.dictionaries(st.sampled_from("abcde"), st.booleans()))
def test_a_vote_is_decided_exactly_when_the_rest_cannot_matter(voters: set[str], votes: dict[str, bool]) -> None:
    """Won or lost whatever the missing voters say; pending otherwise."""
    missing = sorted(voters - set(votes))
    outcomes = set()
    for size in range(len(missing) + 1):
        for yes in combinations(missing, size):
            granted = sum(1 for voter in voters if votes.get(voter, voter in yes))
            outcomes.add(granted * 2 > len(voters))
    expected = {frozenset({True}): WON, frozenset({False}): LOST}.get(frozenset(outcomes), PENDING)
    assert majority_vote(voters, votes) == expected


@given(st.lists(st.tuples(st.sampled_from("+~-"), st.sampled_from("abcdef")), max_size=12))
def test_any_majorities_before_and_after_a_change_meet(steps: list[tuple[str, str]]) -> None:
    """4.1, 4.3: whatever the changes, two configurations that follow each other have no disjoint majorities."""
    config = bootstrap({"a": "", "b": "", "c": ""})
    pending: list[str] = []
    for kind, member in steps:
        pending.append(kind + member)
        try:
            after = changed(config, change(*pending))
        except Misuse:
            continue
        assert _meet(config, after)
        if after.joint:
            left = changed(after, ConfigChange())
            assert _meet(after, left)
            after = left
        config, pending = after, []
        assert not set(config.voters) & set(config.learners)


def _meet(before: Config, after: Config) -> bool:
    members = sorted({*before.voters, *before.outgoing, *after.voters, *after.outgoing})
    for size in range(len(members) + 1):
        for one in combinations(members, size):
            rest = set(members) - set(one)
            if _decides(before, set(one)) and _decides(after, rest):
                return False
    return True


def _decides(config: Config, group: set[str]) -> bool:
    halves = [half for half in (config.voters, config.outgoing) if half]
    return all(len(group & set(half)) * 2 > len(half) for half in halves)


def test_a_new_member_learns_before_it_votes() -> None:
    """4.2.1: a server joins as a non-voting member, catches up, and counts for majorities only afterwards."""
    net = Net()
    leader = net.elect("a")
    net.propose("a", "x")
    net.settle()
    net.join("d")
    assert leader.propose_change(change("~d")) == ""
    net.pass_time(6)
    assert net.applied["d"] == ["x"]
    assert net.cores["d"].config == leader.config
    net.isolate("b", "c")
    net.propose("a", "y")
    net.settle()
    assert net.applied["a"] == ["x"]
    net.tick("d", 30)
    assert net.cores["d"].role == "follower"
    net.heal()
    net.pass_time(3)
    assert leader.propose_change(change("+d")) == ""
    net.pass_time(3)
    assert leader.config.voters == ("a", "b", "c", "d")


def test_one_change_at_a_time() -> None:
    """4.1: a change begins only after the one before is committed (and applied)."""
    net = Net()
    leader = net.elect("a")
    assert leader.propose_change(change("+d")) == ""
    assert "another change" in leader.propose_change(change("+e"))


def test_a_change_waits_for_the_no_op_of_the_term() -> None:
    """The erratum of 2015 to 4.1: a leader changes members only after it has committed an entry of its term."""
    net = Net()
    leader = net.cores["a"]
    leader.campaign()
    net.held_kinds = {Kind.APPEND}
    net.settle()
    assert leader.is_leader
    assert leader.propose_change(change("+d")) != ""
    net.held_kinds = set()
    net.settle()
    assert leader.propose_change(change("+d")) == ""


def test_several_changes_pass_through_a_joint_configuration() -> None:
    """4.3: the leader enters the joint configuration, and leaves it by itself when that is applied."""
    net = Net()
    leader = net.elect("a")
    net.join("d")
    net.join("e")
    net.said.clear()
    assert leader.propose_change(change("+d", "+e", "-b")) == ""
    net.pass_time(8)
    assert (leader.config.voters, leader.config.outgoing) == (("a", "c", "d", "e"), ())
    assert any("[leave]" in line for line in net.said)
    assert net.cores["d"].config == leader.config


def test_in_a_joint_configuration_both_majorities_are_needed() -> None:
    """4.3: neither the old nor the new majority decides alone."""
    net = Net()
    leader = net.elect("a")
    net.join("d")
    net.join("e")
    net.join("f")
    leader.propose_change(change("+d", "+e", "+f", "-b", "-c"))
    net.cut = {(x, y) for x in "def" for y in "abc"} | {(x, y) for x in "abc" for y in "def"}
    net.pass_time(2)
    assert leader.config.joint
    before = leader.log.committed
    net.propose("a", "x")
    net.settle()
    assert leader.log.committed == before
    net.heal()
    net.pass_time(8)
    assert net.applied["a"] == ["x"]
    assert leader.config.voters == ("a", "d", "e", "f")


def test_a_leader_that_is_removed_steps_down() -> None:
    """4.2.2: a leader that is not in the new configuration steps down once it is committed; the others elect."""
    net = Net()
    leader = net.elect("a")
    assert leader.propose_change(change("-a")) == ""
    net.pass_time(3)
    assert leader.role == "follower"
    assert [member for member in "abc" if net.cores[member].is_leader] in (["b"], ["c"])


def test_a_removed_member_does_not_disturb() -> None:
    """4.2.3: a server that is not in the configuration any more cannot depose the leader."""
    net = Net()
    leader = net.elect("a")
    net.isolate("c")
    leader.propose_change(change("-c"))
    net.pass_time(40)
    net.heal()
    net.pass_time(40)
    assert (leader.role, leader.term) == ("leader", 2)


@pytest.mark.parametrize("bad", [("-a", "-b", "-c"), tuple(f"+x{n}" for n in range(20))])
def test_impossible_changes_are_refused(bad: tuple[str, ...]) -> None:
    """No voter at all, and more members than the limit."""
    net = Net()
    assert net.elect("a").propose_change(change(*bad)) != ""
    with pytest.raises(Misuse):
        changed(bootstrap({"a": ""}), ConfigChange())


def test_a_read_waits_for_a_round_of_heartbeats() -> None:
    """6.4: the leader notes its commit index, proves its leadership to itself by a round, then the read may run."""
    net = Net()
    leader = net.elect("a")
    net.propose("a", "x")
    net.settle()
    assert leader.read(7)
    net.work("a")
    assert net.reads == []
    net.settle()
    assert net.reads == [("a", 7, leader.log.committed)]


def test_reads_share_a_round() -> None:
    """6.4: one round serves all reads that wait when it begins; those that come later wait for the next."""
    net = Net()
    leader = net.elect("a")
    net.pass_time(1)
    net.said.clear()
    for context in range(1, 6):
        leader.read(context)
    net.settle()
    assert sorted(context for _, context, _ in net.reads) == [1, 2, 3, 4, 5]
    assert sum(1 for line in net.said if "a->b HEARTBEAT " in line) == 2


def test_a_follower_reads_through_the_leader() -> None:
    """6.4: a follower asks the leader for an index, and waits until it has applied it."""
    net = Net()
    net.elect("a")
    net.propose("a", "x")
    net.settle()
    assert net.cores["b"].read(9)
    net.settle()
    ((member, context, index),) = net.reads
    assert (member, context) == ("b", 9)
    assert net.cores["b"].log.applied >= index


def test_a_deposed_leader_answers_no_read() -> None:
    """6.4: a leader that was cut off cannot return stale data; its reads are given up when it steps down."""
    net = Net()
    old = net.elect("a")
    net.isolate("a")
    old.read(1)
    net.pass_time(25)
    (leader,) = [core for core in net.cores.values() if core.is_leader]
    leader.propose([b"new"])
    net.settle()
    net.heal()
    net.pass_time(3)
    assert net.reads == []
    assert net.lost_reads == [("a", 1)]


def test_a_new_leader_reads_only_after_its_no_op() -> None:
    """6.4, step 1: before an entry of its term is committed, a leader's commit index may be behind."""
    net = Net()
    leader = net.cores["a"]
    leader.campaign()
    net.held_kinds = {Kind.APPEND}
    net.settle()
    leader.read(1)
    net.pass_time(2)
    assert net.reads == []
    net.held_kinds = set()
    net.pass_time(3)
    assert net.reads == [("a", 1, 2)]


def test_nobody_to_ask_is_said_at_once() -> None:
    """A member without a leader refuses a read instead of losing it."""
    net = Net()
    assert not net.cores["a"].read(1)

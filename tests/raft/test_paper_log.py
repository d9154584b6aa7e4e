"""Claims of the Raft paper and thesis on replication, commitment and safety."""

import pytest

from pbe.errors import InvariantBroken
from pbe.raft import Kind, Message, Settings, make_entry
from pbe.raft.log import Log
from pbe.raft.state import State
from tests.raft.kit import Net


def terms(net: Net, member: str) -> list[int]:
    """The terms of a member's entries behind its offset."""
    return [entry.term for entry in net.cores[member].log.entries]


def put(net: Net, member: str, entry_terms: list[int]) -> None:
    """Give the member, restarted, a log of such terms from index 2 on."""
    disk = net.disks[member]
    disk.entries = [make_entry(2 + position, term, b"%d" % term) for position, term in enumerate(entry_terms)]
    disk.hard = type(disk.hard)(term=max([1, *entry_terms]), vote="", commit=1)
    net.start(member)


def test_a_command_is_appended_replicated_committed_applied() -> None:
    """5.3: the leader appends, replicates in parallel, applies once it is safe, and followers apply as they learn."""
    net = Net()
    net.elect("a")
    assert net.propose("a", "x") == ""
    net.settle()
    assert net.applied["a"] == ["x"]
    net.pass_time(2)
    assert net.applied["b"] == net.applied["c"] == ["x"]


def test_a_term_begins_with_a_no_op() -> None:
    """8: each leader commits a blank no-op entry at the start of its term, and so knows what is committed."""
    net = Net()
    leader = net.elect("a")
    assert (leader.log.entries[0].data, leader.log.committed) == (b"", 2)


def test_only_a_leader_takes_commands() -> None:
    """5.1: clients are served by the leader."""
    net = Net()
    net.elect("a")
    assert net.propose("b", "x") == "not_leader"


@pytest.mark.parametrize(
    "follower",
    [
        [1, 1],
        [1, 1, 4],
        [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
        [1, 1, 1, 4, 4, 4, 4],
        [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
        [2],
        [],
    ],
)
def test_a_leader_makes_followers_logs_equal_its_own(follower: list[int]) -> None:
    """5.3, figure 7: missing and extraneous entries are found by going back, and overwritten."""
    net = Net()
    put(net, "a", [1, 1, 1, 4, 4, 5, 5, 6, 6])
    put(net, "b", [1, 1, 1, 4, 4, 5, 5, 6, 6])
    put(net, "c", follower)
    net.elect("a")
    net.pass_time(3)
    assert terms(net, "c") == terms(net, "a") == [1, 1, 1, 4, 4, 5, 5, 6, 6, 7]


def test_a_run_of_conflicts_costs_one_message_a_term() -> None:
    """5.3: with conflict terms in the rejection, one round trip is needed for each conflicting term, not entry."""
    net = Net()
    put(net, "a", [1] + [6] * 200)
    put(net, "b", [1] + [6] * 200)
    put(net, "c", [1] + [3] * 100 + [4] * 100)
    net.elect("a")
    net.said.clear()
    net.pass_time(3)
    assert sum(1 for line in net.said if "c->a APPEND_REPLY" in line and "reject" in line) <= 3


def test_an_append_that_does_not_fit_is_refused() -> None:
    """5.3, the consistency check: an entry without the one before it is not taken."""
    net = Net()
    net.elect("a")
    core = net.cores["b"]
    last = core.log.last
    core.step(Message(Kind.APPEND, "b", "a", 2, index=40, log_term=2, entries=(make_entry(41, 2, b"x"),)))
    net.work("b")
    assert (net.wire[-1].reject, core.log.last) == (True, last)


def test_a_repeated_or_late_append_takes_nothing_away() -> None:
    """5.3: only a conflict truncates; a delayed, shorter append leaves later entries alone."""
    net = Net()
    net.elect("a")
    net.held_kinds = {Kind.APPEND_REPLY}
    net.propose("a", "x")
    net.work("a")
    late = next(m for m in net.wire if m.kind == Kind.APPEND and m.to == "b")
    net.propose("a", "y")
    net.settle()
    core = net.cores["b"]
    last = core.log.last
    core.step(late)
    assert core.log.last == last


def test_an_entry_of_an_old_term_is_not_committed_by_count() -> None:
    """5.4.2, figure 8: counting replicas commits only entries of the current term; older ones follow indirectly."""
    net = Net("abcde")
    put(net, "a", [2])
    put(net, "b", [2])
    put(net, "c", [2])
    net.isolate("d", "e")
    leader = net.cores["a"]
    leader.campaign()
    net.held_kinds = {Kind.APPEND}
    net.settle()
    assert leader.is_leader
    for member in "bc":
        leader.step(Message(Kind.APPEND_REPLY, "a", member, leader.term, index=2))
    assert leader.log.committed == 1
    for member in "bc":
        leader.step(Message(Kind.APPEND_REPLY, "a", member, leader.term, index=3))
    assert leader.log.committed == 3


def test_a_leader_sends_before_its_own_sync_and_commits_without_it() -> None:
    """Thesis 10.2.1: the leader writes in parallel with its followers, and counts itself only once it is synced."""
    net = Net("abcde")
    leader = net.elect("a")
    net.propose("a", "x")
    ready = leader.ready()
    assert [m.kind for m in ready.messages] == [Kind.APPEND] * 4
    assert ready.promises == []
    index = leader.log.last
    for member in "bc":
        leader.step(Message(Kind.APPEND_REPLY, "a", member, leader.term, index=index))
    assert leader.log.committed == index - 1
    leader.step(Message(Kind.APPEND_REPLY, "a", "d", leader.term, index=index))
    assert leader.log.committed == index


def test_an_acknowledgement_waits_for_the_sync_in_flight() -> None:
    """5.6: nothing is acknowledged before it is on disk, also when a repeated append finds the entry in memory."""
    net = Net()
    net.elect("a")
    net.propose("a", "x")
    net.work("a")
    append = next(m for m in net.wire if m.kind == Kind.APPEND and m.to == "b")
    core = net.cores["b"]
    core.step(append)
    ready = core.ready()
    assert (len(ready.entries), [m.kind for m in ready.promises]) == (1, [Kind.APPEND_REPLY])
    core.step(append)
    assert not core.has_ready
    core.advance()
    assert [m.kind for m in core.ready().promises] == [Kind.APPEND_REPLY]


def test_what_was_not_synced_is_as_if_it_never_was() -> None:
    """5.6: a crash before the sync loses the entries, and no promise about them has left."""
    net = Net()
    net.elect("a")
    net.propose("a", "x")
    net.work("a")
    net.deliver()
    core = net.cores["b"]
    net.wire.clear()
    net.do("b", core.ready(), synced=False)
    assert net.wire == []
    assert net.start("b").log.last == 2


def test_committed_entries_survive_every_later_leader() -> None:
    """5.4, leader completeness: whoever is elected afterwards has them."""
    net = Net("abcde")
    net.elect("a")
    net.isolate("d", "e")
    net.propose("a", "x")
    net.settle()
    assert net.applied["a"] == ["x"]
    net.heal()
    net.isolate("a")
    net.cores["d"].state.leader = ""
    net.cores["d"].campaign()
    net.settle()
    assert not net.cores["d"].is_leader
    net.pass_time(40)
    (leader,) = [core for member, core in net.cores.items() if core.is_leader and member != "a"]
    net.pass_time(3)
    assert net.applied[leader.state.id] == ["x"]


def test_a_committed_entry_is_never_contradicted() -> None:
    """5.4.3, state machine safety: a member that is asked to replace one stops instead."""
    log = Log(0, 0)
    log.append([make_entry(1, 1, b"x")])
    log.commit_to(1)
    with pytest.raises(InvariantBroken):
        log.merge([make_entry(1, 2, b"y")])
    with pytest.raises(InvariantBroken):
        log.commit_to(2)


def test_the_uncommitted_tail_is_bounded() -> None:
    """A leader without a majority takes commands only up to a named limit, and says why it takes no more."""
    settings = Settings(election_ticks=10, heartbeat_ticks=1, uncommitted_bytes_max=100, uncommitted_entries_max=5)
    net = Net(settings=settings)
    net.elect("a")
    net.isolate("a")
    assert net.propose("a", "x" * 90) == ""
    assert net.propose("a", "x" * 20) == "tail_full"
    assert net.propose("a", *"xxxx") == ""
    assert net.propose("a", "x") == "tail_full"
    net.heal()
    net.pass_time(3)
    assert net.propose("a", "x" * 90) == ""


def test_appends_are_pipelined_within_a_window() -> None:
    """10.2.1 of the thesis: a leader does not wait for one append before it sends the next, up to a named limit."""
    settings = Settings(election_ticks=10, heartbeat_ticks=1, inflight_appends_max=3)
    net = Net(settings=settings)
    net.elect("a")
    net.pass_time(2)
    net.wire.clear()
    for value in "abcdef":
        net.propose("a", value)
    net.work("a")
    assert sum(1 for m in net.wire if m.to == "b") == 3
    net.pass_time(5)
    assert net.applied["b"] == list("abcdef")


def test_a_lost_append_is_sent_again_and_a_busy_pipeline_is_not() -> None:
    """Silence over a heartbeat makes the leader probe; progress within it does not."""
    net = Net()
    net.elect("a")
    net.pass_time(2)
    net.cut = {("a", "b")}
    net.propose("a", "x")
    net.settle()
    net.heal()
    net.pass_time(4)
    assert net.applied["b"] == ["x"]
    net.said.clear()
    for value in "abcdefgh":
        net.propose("a", value)
        net.tick("a")
        net.settle()
    assert sum(1 for line in net.said if "a->b APPEND" in line and "entries" in line) == 8


def test_a_snapshot_replaces_a_log_that_is_gone() -> None:
    """7: a follower that needs entries the leader has discarded gets a snapshot, configuration included."""
    net = Net()
    net.elect("a")
    net.isolate("c")
    for value in "xyz":
        net.propose("a", value)
    net.settle()
    net.compact("a")
    net.heal()
    net.pass_time(6)
    assert net.applied["c"] == ["x", "y", "z"]
    assert net.cores["c"].config == net.cores["a"].config
    net.propose("a", "w")
    net.pass_time(3)
    assert net.applied["c"] == ["x", "y", "z", "w"]


def test_a_snapshot_that_is_old_news_changes_nothing() -> None:
    """7: a snapshot of a prefix of the log is ignored, what follows it is kept."""
    net = Net()
    leader = net.elect("a")
    net.propose("a", "x", "y")
    net.pass_time(3)
    core = net.cores["b"]
    before = (core.log.last, core.log.committed)
    meta = leader.snapshot_meta()
    core.step(Message(Kind.SNAPSHOT, "b", "a", 2, snapshot=type(meta)(2, 2, meta.config)))
    net.work("b")
    assert (core.log.last, core.log.committed) == before
    assert net.wire[-1].index == before[1]


def test_state_is_what_disk_said() -> None:
    """5.6: a restarted member continues from term, vote and log, and replays what its state lacks."""
    net = Net()
    net.elect("a")
    net.propose("a", "x", "y")
    net.pass_time(3)
    core: State = net.start("b").state
    assert (core.term, core.vote, core.log.last, core.role) == (2, "a", 4, "follower")
    net.pass_time(3)
    assert net.applied["b"] == ["x", "y"]


def test_a_member_that_lost_entries_gets_them_again() -> None:
    """A member whose damaged log was cut below what it had acknowledged is repaired by the same leader."""
    net = Net()
    net.elect("a")
    net.propose("a", "x", "y", "z")
    net.pass_time(3)
    net.disks["b"].entries = net.disks["b"].entries[:2]
    net.start("b").set_recovering(True)
    net.cores["a"].unreachable("b")
    net.pass_time(4)
    assert net.cores["b"].log.last == net.cores["a"].log.last
    assert net.applied["b"] == ["x", "y", "z"]

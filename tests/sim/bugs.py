"""Historical bugs of Raft implementations, planted by name; the simulator has to find each of them.

Each is a context manager that replaces one function of the real code while it is open.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import msgspec

from pbe.consensus import machine, mail, reads, snapshots
from pbe.consensus.driver import Driver
from pbe.fleet.requests import Requests
from pbe.raft import core, election, follower, leader, membership, reading, replication
from pbe.raft.entries import NORMAL
from pbe.raft.log import Log
from pbe.raft.messages import HardState, Kind
from pbe.raft.quorum import joint_index, joint_vote, majority_index
from pbe.raft.reads import ReadQueue
from pbe.raft.state import LEADER, State
from tests.sim.disk import SimDisk

Plant = Callable[[], contextlib.AbstractContextManager[Any]]
BUGS: dict[str, Plant] = {}


def bug(target: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function, by its own name, as what replaces `target.name`; it is given the original."""

    def register(replacement: Callable[..., Any]) -> Callable[..., Any]:
        @contextlib.contextmanager
        def plant() -> Iterator[None]:
            original = getattr(target, name)

            def planted(*arguments: Any, **named: Any) -> Any:
                return replacement(original, *arguments, **named)

            with contextlib.ExitStack() as stack:
                stack.enter_context(mock.patch.object(target, name, planted))
                for table in (core.BY_FOLLOWER, core.BY_LEADER):
                    found = {kind: planted for kind, handler in table.items() if handler is original}
                    stack.enter_context(mock.patch.dict(table, found))
                yield

        BUGS[replacement.__name__] = plant
        return replacement

    return register


@bug(SimDisk, "_save")
def vote_not_persisted(original: Any, disk: SimDisk, hard: HardState, entries: Any) -> None:
    """The term is saved, the vote is not (PySyncObj)."""
    original(disk, msgspec.structs.replace(hard, vote=""), entries)


@bug(SimDisk, "_save")
def term_not_persisted(original: Any, disk: SimDisk, hard: HardState, entries: Any) -> None:
    """Only entries are saved, term and vote are those of the first save."""
    original(disk, disk.hard if disk.hard.term else hard, entries)


@bug(replication, "commit")
def old_terms_entry_committed_by_count(original: Any, state: State) -> bool:
    """A majority is enough, whatever the entry's term (paper, figure 8)."""
    match = {member: progress.match for member, progress in state.progress.items()}
    index = joint_index(state.config.voters, state.config.outgoing, match)
    return state.log.commit_to(min(index, state.log.last))


@bug(reading, "_join")
def read_without_a_round(original: Any, state: State, read: Any) -> bool:
    """A leader answers reads at once: one that was deposed answers with old values."""
    if read.member:
        index = state.log.committed
        state.send(state.message(Kind.READ_INDEX_REPLY, read.member, context=read.context, index=index))
    else:
        state.reads_done.append((read.context, state.log.committed))
    return True


@bug(reading, "leads_in_term")
def read_before_the_first_commit(original: Any, state: State) -> bool:
    """A new leader's commit mark is trusted before anything of its term is committed (thesis, 6.4)."""
    return True


@bug(follower, "snapshot")
def snapshot_without_its_configuration(original: Any, state: State, message: Any) -> None:
    """The state is restored, the membership stays as it was."""
    config = state.config
    original(state, message)
    if config.members:
        state.config = config


@bug(State, "promise")
def acknowledgement_overtakes_the_sync(original: Any, state: State, message: Any) -> None:
    """Acknowledgements leave with the other messages."""
    state.send(message)


@bug(reads.Reads, "to_ask")
def forwarded_read_is_lost(original: Any, waiting: reads.Reads) -> list[int]:
    """A read is asked for once; when the question or the answer is lost, nobody asks again or gives up."""
    for round_ in waiting._rounds.values():
        round_.deadline = float("inf")
    return [number for number in original(waiting) if waiting._rounds[number].asked_at < 0]


@bug(election, "answer_vote")
def second_vote_in_a_term(original: Any, state: State, message: Any) -> None:
    """Whoever is up to date gets the vote, again and again."""
    if message.kind == Kind.VOTE:
        state.vote = ""
        state.leader = ""
    original(state, message)


@bug(Log, "up_to_date")
def vote_for_an_old_log(original: Any, log: Log, index: int, term: int) -> bool:
    """The candidate's log is not looked at (paper, 5.4.1)."""
    return True


@bug(Log, "merge")
def append_always_truncates(original: Any, log: Log, entries: Any) -> None:
    """A late, shorter append cuts off what came after it, although nothing conflicts."""
    if entries and entries[0].index > log.committed:
        log.truncate(entries[0].index)
    original(log, entries)


@bug(replication, "heartbeats")
def heartbeat_commits_what_is_not_there(original: Any, state: State, number: int) -> None:
    """Heartbeats carry the leader's commit mark whatever the member has: its own conflicting entries get committed."""
    for member in state.peers():
        state.send(state.message(Kind.HEARTBEAT, member, commit=state.log.committed, context=number))


@bug(follower, "append")
def commit_beyond_what_was_checked(original: Any, state: State, message: Any) -> None:
    """A follower commits up to the end of its log, not up to the last entry that the append has checked."""
    original(state, message)
    if state.log.has(message.index, message.log_term):
        state.log.commit_to(min(message.commit, state.log.last))


@bug(replication, "send_append")
def append_carries_the_whole_commit(original: Any, state: State, member: str, progress: Any, *, empty: bool) -> bool:
    """With the bug before, at the leader: the mark is not cut to what the append carries."""
    count = len(state.messages)
    sent = original(state, member, progress, empty=empty)
    for position in range(count, len(state.messages)):
        message = state.messages[position]
        if message.kind == Kind.APPEND:
            state.messages[position] = msgspec.structs.replace(message, commit=state.log.committed)
    return bool(sent)


@bug(replication, "stored")
def own_log_counted_before_its_sync(original: Any, state: State) -> None:
    """The leader counts itself for entries that its disk does not have yet."""
    own = state.progress.get(state.id)
    if own is not None and own.acknowledged(state.log.last):
        replication.commit(state)


@bug(Driver, "_finish")
def committed_entries_dropped(original: Any, driver: Driver, ready: Any) -> None:
    """The messages of a Ready are sent and its committed entries forgotten, when both come at once."""
    if ready.committed and ready.promises and len(ready.committed) == 1:
        driver.machine.applied, driver.machine.term = ready.committed[-1].index, ready.committed[-1].term
        ready = msgspec.structs.replace(ready, committed=[])
    original(driver, ready)


@bug(Requests, "recall")
def request_applied_twice(original: Any, requests: Requests, request_id: str, tag: str) -> tuple[bool, Any]:
    """A command that was handed over twice takes effect twice."""
    return False, None


@bug(reading, "acknowledge")
def old_heartbeat_answers_count(original: Any, state: State, member: str, number: int) -> None:
    """An answer to any earlier heartbeat proves leadership for the reads of now."""
    original(state, member, state.reads.number)


@bug(ReadQueue, "drain")
def reads_survive_the_leadership(original: Any, queue: ReadQueue) -> list[int]:
    """Reads that wait at a leader stay when it steps down, and are answered when it leads again, with the old index."""
    return []


@bug(follower, "snapshot")
def old_snapshot_goes_back(original: Any, state: State, message: Any) -> None:
    """A snapshot that comes late replaces a log that is further."""
    meta = message.snapshot
    if meta is not None and meta.index < state.log.committed and meta.index >= state.log.offset:
        state.log.committed = state.log.applied = meta.index
    original(state, message)


@bug(machine.Machine, "checkpoint")
def checkpoint_ahead_of_its_records(original: Any, kept: Any, store: Any, config: Any, offset: Any) -> None:
    """The applied index is stored, one of the records that changed is not."""
    if kept.fleet.state.dirty:
        kept.fleet.state.dirty.popitem()
    original(kept, store, config, offset)


@bug(replication, "joint_index")
def only_the_new_majority_commits(original: Any, incoming: Any, outgoing: Any, match: Any) -> int:
    """In a joint configuration the old voters are not asked (thesis, 4.3)."""
    return majority_index(incoming, match)


@bug(replication, "joint_index")
def learners_count(original: Any, incoming: Any, outgoing: Any, match: Any) -> int:
    """Whoever acknowledges counts for the majority, also one that does not vote."""
    return majority_index(match, match)


@bug(election, "count_vote")
def refusals_count_as_votes(original: Any, state: State, message: Any) -> None:
    """An answer is taken for a grant."""
    original(state, msgspec.structs.replace(message, reject=False))


@bug(follower, "append")
def end_of_log_acknowledged(original: Any, state: State, message: Any) -> None:
    """The answer names the end of the follower's log instead of the last entry that was checked."""
    count = len(state.promises)
    original(state, message)
    for position in range(count, len(state.promises)):
        promise = state.promises[position]
        if promise.kind == Kind.APPEND_REPLY and not promise.reject:
            state.promises[position] = msgspec.structs.replace(promise, index=state.log.last)


@bug(mail.Mail, "_raft")
def snapshot_before_its_pieces(original: Any, self: mail.Mail, member: str, message: Any) -> None:
    """A snapshot's message is believed although its pieces have not all come."""
    meta = message.snapshot
    if message.kind == Kind.SNAPSHOT and meta is not None:
        self._driver.core.step(message)
    else:
        original(self, member, message)


@bug(snapshots.Arrivals, "hold")
def newer_pieces_take_the_snapshot(original: Any, arrivals: Any, meta: Any) -> None:
    """Only the newest pieces are kept, although an older snapshot is just being installed."""
    arrivals._held.clear()
    original(arrivals, meta)


@bug(State, "become_follower")
def leader_keeps_its_term(original: Any, state: State, term: int, who: str) -> None:
    """A leader that hears of a newer term goes on leading in it."""
    if state.role == LEADER and term > state.term:
        state.term = term
        return
    original(state, term, who)


@bug(leader, "append_reply")
def rejection_taken_for_progress(original: Any, state: State, message: Any) -> None:
    """A refused append counts as stored."""
    original(state, msgspec.structs.replace(message, reject=False))


@bug(membership, "refusal")
def single_step_change_without_the_no_op(original: Any, state: State, change: Any) -> str:
    """A change of membership is taken before anything of the leader's term is committed (the erratum of 2015)."""
    why: str = original(state, change)
    return "" if why.startswith(("nothing of this", "another change")) else why


@bug(election, "campaign")
def damaged_member_votes(original: Any, state: State, **named: Any) -> None:
    """A member whose log lost promised entries campaigns and votes as if it had all of them."""
    state.recovering = False
    original(state, **named)


@bug(reads.Reads, "__init__")
def read_numbers_begin_anew(original: Any, waiting: reads.Reads, clock: Any, **named: Any) -> None:
    """After a restart reads are numbered as before: a late answer counts for a new question."""
    original(waiting, clock, first=0)


@bug(replication, "send_append")
def no_op_not_sent(original: Any, state: State, member: str, progress: Any, *, empty: bool) -> bool:
    """Appends that hold nothing but the new leader's no-op are held back: nothing commits until a client writes."""
    log = state.log
    rest = log.slice(progress.next, log.last, 1 << 30) if log.term(progress.next - 1) is not None else []
    if rest and all(entry.kind == NORMAL and not entry.data for entry in rest):
        return False
    return bool(original(state, member, progress, empty=empty))


@bug(State, "tally")
def vote_of_the_new_majority_only(original: Any, state: State) -> str:
    """In a joint configuration the old voters do not elect."""
    return joint_vote(state.config.voters, (), state.votes)

"""Cores joined by hand: each step, message and tick is the test's."""

from collections.abc import Iterable
from typing import Any

from pbe.raft import CONFIG, Config, Core, Entry, HardState, Kind, Message, Ready, Settings, SnapshotMeta, bootstrap
from pbe.raft.config import decode_change


class Disk:
    """What a member has synced."""

    def __init__(self, config: Config) -> None:
        self.hard = HardState(term=1, commit=1)
        self.offset = (1, 1)
        self.entries: list[Entry] = []
        self.config = config
        self.applied = 1
        self.state: list[str] = []

    def save(self, ready: Ready, state: list[str]) -> None:
        """Do what a Ready says."""
        if ready.snapshot is not None:
            self.offset, self.entries = (ready.snapshot.index, ready.snapshot.term), []
            self.config, self.applied = ready.snapshot.config, ready.snapshot.index
            self.state = list(state)
        if ready.entries:
            self.entries = [entry for entry in self.entries if entry.index < ready.entries[0].index]
            self.entries.extend(ready.entries)
        if ready.hard_state is not None:
            self.hard = ready.hard_state


class Net:
    """Members by id. `wire` holds the messages under way; `cut` the (sender, receiver) pairs that lose them."""

    def __init__(self, members: str = "abc", learners: str = "", settings: Settings | None = None) -> None:
        self.settings = settings or Settings(election_ticks=10, heartbeat_ticks=1)
        addresses = {member: f"{member}:1" for member in members}
        base = bootstrap(addresses)
        config = Config(voters=base.voters, learners=tuple(learners), addresses=dict.fromkeys(members + learners, ""))
        self.disks = {member: Disk(config) for member in members + learners}
        self.cores: dict[str, Core] = {}
        self.wire: list[Message] = []
        self.cut: set[tuple[str, str]] = set()
        self.held_kinds: set[Kind] = set()
        self.snapshots: dict[int, list[str]] = {}
        self.applied: dict[str, list[str]] = {}
        self.reads: list[tuple[str, int, int]] = []
        self.lost_reads: list[tuple[str, int]] = []
        self.said: list[str] = []
        for member in self.disks:
            self.start(member)

    def start(self, member: str) -> Core:
        """Start the member on its disk (again): what was not synced is lost."""
        disk = self.disks[member]
        self.applied[member] = list(disk.state)
        self.cores[member] = Core(
            member,
            random=lambda n: 2 * (ord(member) - ord("a")) % n,
            config=disk.config,
            hard=disk.hard,
            entries=disk.entries,
            offset=disk.offset,
            applied=disk.applied,
            settings=self.settings,
        )
        return self.cores[member]

    def join(self, member: str) -> Core:
        """Start a member that is in no configuration."""
        disk = self.disks[member] = Disk(Config())
        disk.hard, disk.offset, disk.applied = HardState(), (0, 0), 0
        return self.start(member)

    def work(self, member: str) -> None:
        """Do all Readys of the member; messages go on the wire."""
        core = self.cores[member]
        while core.has_ready:
            self.do(member, core.ready())

    def do(self, member: str, ready: Ready, *, synced: bool = True) -> None:
        """Do one Ready; without `synced` the power fails before its save, and nothing that promises leaves."""
        core, disk = self.cores[member], self.disks[member]
        self._note(member, ready)
        self.wire.extend(ready.messages)
        if not synced:
            return
        if ready.snapshot is not None:
            self.applied[member] = list(self.snapshots[ready.snapshot.index])
        disk.save(ready, self.applied[member])
        self.wire.extend(ready.promises)
        for entry in ready.committed:
            if entry.kind != CONFIG and entry.data:
                self.applied[member].append(entry.data.decode())
        self.reads.extend((member, context, index) for context, index in ready.reads)
        self.lost_reads.extend((member, context) for context in ready.lost_reads)
        core.advance()

    def _note(self, member: str, ready: Ready) -> None:
        for message in ready.messages + ready.promises:
            if message.kind == Kind.SNAPSHOT and message.snapshot is not None:
                self.snapshots = {**self.snapshots, message.snapshot.index: list(self.applied[member])}
        self.said.extend(shown_ready(member, ready))

    def settle(self) -> None:
        """Work and deliver until all is quiet."""
        for _ in range(500):
            for member in self.cores:
                self.work(member)
            if not self.deliver():
                return
        raise AssertionError("the members never fall silent")

    def deliver(self, only: Iterable[Kind] | None = None) -> int:
        """Deliver what is on the wire now; how many there were."""
        wire, self.wire = self.wire, []
        count = 0
        for message in wire:
            kept = message.kind in self.held_kinds or (only is not None and message.kind not in only)
            if kept:
                self.wire.append(message)
            elif message.to in self.cores and (message.sender, message.to) not in self.cut:
                count += 1
                self.said.append(shown(message))
                self.cores[message.to].step(message)
                if message.kind == Kind.SNAPSHOT and message.sender in self.cores:
                    self.cores[message.sender].snapshot_reported(message.to, delivered=True)
        return count

    def tick(self, member: str, count: int = 1) -> None:
        """Time passes for one member."""
        for _ in range(count):
            self.cores[member].tick()

    def pass_time(self, ticks: int) -> None:
        """Time passes for everybody, messages between."""
        for _ in range(ticks):
            for member in self.cores:
                self.cores[member].tick()
            self.settle()

    def elect(self, member: str) -> Core:
        """Make the member leader by an election."""
        for other in self.cores.values():
            if other.leader not in ("", member):
                other.state.leader = ""
        self.cores[member].campaign()
        self.settle()
        assert self.cores[member].is_leader, (member, self.cores[member].role)
        return self.cores[member]

    def propose(self, member: str, *values: str) -> str:
        """Propose values at the member."""
        return self.cores[member].propose([value.encode() for value in values])

    def isolate(self, *part: str) -> None:
        """Cut the part off from the rest."""
        rest = [member for member in self.cores if member not in part]
        self.cut |= {pair for one in part for other in rest for pair in ((one, other), (other, one))}

    def heal(self) -> None:
        """Mend all cuts."""
        self.cut.clear()

    def compact(self, member: str) -> None:
        """The member keeps only its state."""
        core, disk = self.cores[member], self.disks[member]
        index = core.log.applied
        disk.offset, disk.applied, disk.config = (index, core.log.term(index) or 0), index, core.config
        disk.entries = [entry for entry in disk.entries if entry.index > index]
        disk.state = list(self.applied[member])
        core.compact(index)


def shown(message: Message) -> str:
    """A message as one line."""
    parts = [f"{message.sender}->{message.to} {message.kind.name} term={message.term}"]
    for name in ("index", "log_term", "commit", "hint", "hint_term", "context"):
        if value := getattr(message, name):
            parts.append(f"{name}={value}")
    if message.reject:
        parts.append("reject")
    if message.force:
        parts.append("force")
    if message.entries:
        parts.append("entries=" + " ".join(shown_entry(entry) for entry in message.entries))
    if message.snapshot is not None:
        parts.append(shown_snapshot(message.snapshot))
    return " ".join(parts)


def shown_entry(entry: Entry) -> str:
    """An entry: index/term and what it holds."""
    if entry.kind == CONFIG:
        changes = decode_change(entry.data).changes
        text = ",".join(f"{change.operation}:{change.member}" for change in changes) or "leave"
        return f"{entry.index}/{entry.term}[{text}]"
    return f"{entry.index}/{entry.term}" + (f"={entry.data.decode()}" if entry.data else "")


def shown_snapshot(meta: SnapshotMeta) -> str:
    """A snapshot: index/term and who votes."""
    return f"snapshot={meta.index}/{meta.term} voters={','.join(meta.config.voters)}"


def shown_ready(member: str, ready: Ready) -> list[str]:
    """What a Ready asks for beside messages, as lines."""
    lines: list[Any] = []
    if ready.hard_state is not None:
        hard = ready.hard_state
        lines.append(f"save term={hard.term} vote={hard.vote or '-'} commit={hard.commit}")
    if ready.snapshot is not None:
        lines.append(f"install {shown_snapshot(ready.snapshot)}")
    if ready.entries:
        lines.append("append " + " ".join(shown_entry(entry) for entry in ready.entries))
    if ready.committed:
        lines.append("apply " + " ".join(shown_entry(entry) for entry in ready.committed))
    lines.extend(f"read {context} at {index}" for context, index in ready.reads)
    lines.extend(f"lost read {context}" for context in ready.lost_reads)
    return [f"{member}: {line}" for line in lines]

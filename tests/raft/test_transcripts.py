"""Conversations of members, word by word: known hard cases, as they must go.

A transcript is blocks of a command, `----`, and what it gave. With `PBE_REWRITE_TRANSCRIPTS=1` in its environment this
test writes what happens now; commit that only if you understand the difference and want it.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pbe.raft import Change, ConfigChange, Kind
from tests.raft.kit import Net

FOLDER = Path(__file__).parent / "transcripts"
OPERATIONS = {"+": "add_voter", "~": "add_learner", "-": "remove"}


class Stage:
    """The commands of transcripts; each method is one, its arguments the words that follow."""

    def __init__(self) -> None:
        self.net = Net()

    def run(self, line: str) -> str:
        """What a command gives: all that was said meanwhile, then the command's own answer."""
        name, *words = line.split()
        self.net.said.clear()
        command: Callable[..., str | None] = getattr(self, f"do_{name.replace('-', '_')}")
        answer = command(*words)
        return "\n".join([*self.net.said, *([answer] if answer else [])]) or "ok"

    def do_cluster(self, members: str, learners: str = "") -> None:
        """Begin with these members."""
        self.net = Net(members, learners)

    def do_join(self, member: str) -> None:
        """Start a member that is in no configuration."""
        self.net.join(member)

    def do_campaign(self, member: str) -> None:
        """Begin a pre-vote."""
        self.net.cores[member].campaign()

    def do_leader_gone(self, *members: str) -> None:
        """Tell the members that the leader's connection was closed; the first campaigns."""
        for member in members:
            self.net.cores[member].forget_leader()
        self.net.cores[members[0]].campaign()

    def do_settle(self) -> None:
        """Work and deliver until all is quiet."""
        self.net.settle()

    def do_work(self, member: str) -> None:
        """Do the member's Readys."""
        self.net.work(member)

    def do_deliver(self, *kinds: str) -> None:
        """Deliver what is on the wire, or only these kinds of it."""
        self.net.deliver([Kind[kind] for kind in kinds] or None)

    def do_tick(self, member: str, count: str = "1") -> None:
        """Time passes for one member."""
        self.net.tick(member, int(count))

    def do_pass(self, count: str) -> None:
        """Time passes for all."""
        self.net.pass_time(int(count))

    def do_propose(self, member: str, *values: str) -> str:
        """Propose values."""
        return self.net.propose(member, *values)

    def do_change(self, member: str, *changes: str) -> str:
        """Propose a change of membership: +x, ~x, -x."""
        wanted = tuple(Change(OPERATIONS[word[0]], word[1:]) for word in changes)
        return self.net.cores[member].propose_change(ConfigChange(wanted))

    def do_transfer(self, member: str, target: str) -> str:
        """Hand over."""
        return "" if self.net.cores[member].transfer(target) else "refused"

    def do_read(self, member: str, context: str) -> str:
        """Ask for a read."""
        return "" if self.net.cores[member].read(int(context)) else "nobody to ask"

    def do_isolate(self, *part: str) -> None:
        """Cut the part off."""
        self.net.isolate(*part)

    def do_heal(self) -> None:
        """Mend all cuts."""
        self.net.heal()

    def do_drop(self) -> str:
        """Lose everything on the wire."""
        count = len(self.net.wire)
        self.net.wire.clear()
        return f"{count} lost"

    def do_compact(self, member: str) -> None:
        """The member keeps only its state."""
        self.net.compact(member)

    def do_restart(self, member: str) -> None:
        """The member starts again on its disk."""
        self.net.start(member)

    def do_status(self) -> str:
        """Everybody's role and marks."""
        lines = []
        for member, core in self.net.cores.items():
            log = core.log
            lines.append(
                f"{member} {core.role} term={core.term} leader={core.leader or '-'} "
                f"last={log.last}/{log.last_term} commit={log.committed} voters={','.join(core.config.voters)}"
                + (f" outgoing={','.join(core.config.outgoing)}" if core.config.outgoing else "")
                + (f" learners={','.join(core.config.learners)}" if core.config.learners else "")
            )
        return "\n".join(lines)

    def do_progress(self, member: str) -> str:
        """What the leader knows of the others."""
        return "\n".join(
            f"{other} {p.state} match={p.match} next={p.next}" + (" paused" if p.paused else "")
            for other, p in sorted(self.net.cores[member].state.progress.items())
        )


def replay(text: str) -> str:
    """The transcript with what its commands give now."""
    stage = Stage()
    blocks = []
    for block in text.strip().split("\n\n"):
        commands, _, _ = block.partition("\n----")
        comments = [line for line in commands.splitlines() if line.startswith("#")]
        spoken = [line for line in commands.splitlines() if line and not line.startswith("#")]
        if not spoken:
            blocks.append("\n".join(comments))
            continue
        blocks.append("\n".join([*comments, *spoken, "----", *(stage.run(line) for line in spoken)]))
    return "\n\n".join(blocks) + "\n"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_a_transcript_is_repeated_word_by_word(name: str) -> None:
    """Nothing is said that was not, and nothing is left out."""
    path = FOLDER / f"{name}.txt"
    text = path.read_text()
    now = replay(text)
    if os.environ.get("PBE_REWRITE_TRANSCRIPTS"):
        path.write_text(now)
    assert now == path.read_text()

"""A fleet under test, with commands in one call each."""

from typing import Any

from pbe.fleet import Applied, Fleet, Rejected, commands

START_MS = 1_700_000_000_000


class Bench:
    """A fleet and a clock that moves one second a command."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        self.now_ms = START_MS
        self.log: list[bytes] = []

    def run(self, command: Any, request_id: str = "", audit_actor: str = "") -> Applied:
        """Apply the command."""
        self.now_ms += 1000
        self.log.append(commands.encode_entry(command, request_id, self.now_ms, audit_actor))
        return self.fleet.apply(self.log[-1])

    def ok(self, command: Any, **more: Any) -> Any:
        """Apply the command, which must succeed; its result."""
        result = self.run(command, **more).result
        assert not isinstance(result, Rejected), result
        return result

    def refused(self, command: Any, **more: Any) -> Rejected:
        """Apply the command, which must be refused and change nothing; the refusal."""
        before = self.fleet.revision
        applied = self.run(command, **more)
        assert isinstance(applied.result, Rejected), applied.result
        assert applied.events == []
        assert self.fleet.revision == before
        return applied.result

    def twin(self) -> Fleet:
        """Another fleet that applied the same log."""
        other = Fleet()
        for entry in self.log:
            other.apply(entry)
        return other

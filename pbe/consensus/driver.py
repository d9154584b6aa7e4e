"""The loop around the core: ready → send → save and sync → promises → apply → advance.

Theory of operation. Whatever wakes the driver (parcels, a tick, a client) only changes the core or a queue; `pump`, at
the end of that turn, does the rest for all of them at once: one batch, one sync, one parcel list a member. A save runs
inline while the disk is fast and in a worker while it is slow; until it ends no other Ready is taken, so that nothing
can overtake it, a promise least of all.

    IDLE --pump: ready to save--> SAVING --saved--> IDLE      SAVING longer than stall_s: this member stops leading
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from pbe.consensus.machine import Machine
from pbe.consensus.outbox import Outbox
from pbe.consensus.reads import Reads
from pbe.consensus.snapshots import Arrivals, Departures
from pbe.consensus.tuning import Tuning
from pbe.raft import Core, Kind, Message, Ready
from pbe.storage.control import ControlStore

LAG_FACTOR = 10
"""So many times the usual length the log may grow for a member that is behind, before that one needs a snapshot."""
Run = Callable[..., Awaitable[Any]]


class Driver:
    """One member at work. `on_change()` is called after the role, the leader or the membership changed.

    run: carries a function to a worker (None: saves are always inline). on_broken(failure): the disk failed or an
    invariant is broken; nothing is sent or acknowledged any more and the process has to end.
    """

    def __init__(
        self,
        core: Core,
        store: ControlStore,
        machine: Machine,
        outbox: Outbox,
        reads: Reads,
        arrivals: Arrivals,
        departures: Departures,
        *,
        clock: IReactorTime,
        run: Run | None,
        on_change: Callable[[], None],
        on_broken: Callable[[Failure], None],
        tuning: Tuning,
        recover_to: int = 0,
    ) -> None:
        self.core, self.store, self.machine = core, store, machine
        self._outbox, self._reads = outbox, reads
        self._arrivals, self._departures = arrivals, departures
        self._clock, self._run = clock, run
        self._on_change, self._on_broken = on_change, on_broken
        self._recover_to = recover_to
        self._tuning = tuning
        self._saving: Ready | None = None
        self._saving_ticks = 0
        self._pumping = False
        self._pump_call: IDelayedCall | None = None
        self._announce_call: IDelayedCall | None = None
        self._checkpointed_at = clock.seconds()
        self._save_times: deque[float] = deque(maxlen=tuning.saves_measured)
        self._seen: tuple[Any, ...] = ()
        self.broken = False
        self.announce_at = 0
        """Tell followers of the commit as soon as this index is applied: somebody waits at one of them."""
        self.before_pump: Callable[[], None] = lambda: None
        self.on_tick: Callable[[], None] = lambda: None

    def tick(self) -> None:
        """One tick of the core's time has passed."""
        if self.broken:
            return
        if self._saving is not None:
            self._saving_ticks += 1
            if self._saving_ticks == self._tuning.stall_ticks:
                self.core.set_stalled(True)
        self.core.tick()
        self._departures.tick(self.core)
        self.on_tick()
        self.pump()
        if self._clock.seconds() - self._checkpointed_at >= self._tuning.checkpoint_s:
            self.checkpoint()

    def pump_soon(self) -> None:
        """Pump at the end of this turn."""
        if self._pump_call is None and not self.broken:
            self._pump_call = self._clock.callLater(0, self._pump_now)

    def _pump_now(self) -> None:
        self._pump_call = None
        self.pump()

    def pump(self) -> None:
        """Do everything that is ready, unless a save is under way: then its end does."""
        if self._pumping or self.broken:
            return
        self._pumping = True
        try:
            self.before_pump()
            while self._saving is None and self.core.has_ready:
                self._begin(self.core.ready())
                self.before_pump()
            self._outbox.flush()
            self._notice()
        except Exception:
            self.fail()
        finally:
            self._pumping = False

    def _begin(self, ready: Ready) -> None:
        self._send(ready.messages)
        if ready.hard_state is None:
            self._finish(ready)
        elif self._run is not None and self._slow():
            self._outbox.flush()
            self._saving, self._saving_ticks = ready, 0
            started = self._clock.seconds()
            waiting = Deferred.fromCoroutine(self._save_elsewhere(ready))
            waiting.addCallbacks(lambda _: self._saved(started), self._break)
        else:
            self._outbox.flush()
            started = self._clock.seconds()
            self._save(ready)
            self._save_times.append(self._clock.seconds() - started)
            self._finish(ready)

    async def _save_elsewhere(self, ready: Ready) -> None:
        if self._run is not None:
            await self._run(self._save, ready)

    def _saved(self, started: float) -> None:
        ready, self._saving = self._saving, None
        self._save_times.append(self._clock.seconds() - started)
        if self.core.state.stalled:
            self.core.set_stalled(False)
        if ready is not None and not self.broken:
            try:
                self._finish(ready)
            except Exception:
                self.fail()
                return
            self.pump()

    def _save(self, ready: Ready) -> None:
        hard = ready.hard_state
        if hard is None:
            return
        if ready.snapshot is not None:
            self._arrivals.install(self.store, ready.snapshot, hard, self._recover_to)
        if ready.entries or ready.snapshot is None:
            self.store.save(hard, ready.entries)

    def _slow(self) -> bool:
        times = sorted(self._save_times)
        slowest = times[len(times) * 99 // 100] if times else 0.0
        return slowest > self._tuning.inline_save_s_max

    def _finish(self, ready: Ready) -> None:
        if ready.snapshot is not None:
            self.machine.replace(ready.snapshot, self._arrivals.take(ready.snapshot))
        self._send(ready.promises)
        if ready.committed:
            self.machine.apply(ready.committed)
        self.core.advance()
        self._reads.answered(ready.reads)
        self._reads.again(ready.lost_reads)
        self._reads.applied(self.machine.applied)
        if self._recover_to and self.core.log.stable >= self._recover_to:
            self.store.recovered()
            self._recover_to = 0
            self.core.set_recovering(False)
        if ready.committed and self.core.is_leader:
            self._tell_commit()

    def _tell_commit(self) -> None:
        if self.machine.applied >= self.announce_at > 0:
            self.announce_at = 0
            self.core.announce_commit()
        elif self._announce_call is None:
            self._announce_call = self._clock.callLater(self._tuning.announce_s, self._announce)

    def _send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.kind == Kind.SNAPSHOT:
                self._departures.begin(message, self.machine.fleet)
            else:
                self._outbox.raft(message)

    def _announce(self) -> None:
        self._announce_call = None
        if not self.broken:
            self.core.announce_commit()
            self.pump()

    def _notice(self) -> None:
        seen = (self.core.role, self.core.leader, self.core.term, self.core.config)
        if seen != self._seen:
            self._seen = seen
            self._on_change()

    def checkpoint(self) -> None:
        """Write the state behind and let the log forget what no follower should need, unless a save is under way."""
        if self._saving is not None or self.broken:
            return
        self._checkpointed_at = self._clock.seconds()
        if not self.machine.behind(self.core.config):
            return
        try:
            offset = self._offset()
            term = self.core.log.term(offset)
            self.machine.checkpoint(self.store, self.core.config, (offset, term or 0))
            self.core.compact(offset)
        except Exception:
            self.fail()

    def _offset(self) -> int:
        log = self.core.log
        kept = self._tuning.log_entries_kept
        if log.size_bytes > self._tuning.log_bytes_kept_max:
            kept //= 10
        wanted = self.machine.applied - kept
        if self.core.is_leader:
            # Who is being helped along must not find the log gone again when the snapshot has arrived.
            wanted = min(wanted, max(self.core.lowest_needed(), self.machine.applied - LAG_FACTOR * kept))
        return max(log.offset, wanted)

    def fail(self) -> None:
        """Stop because of the exception being handled: going on could lose what was acknowledged."""
        self._break(Failure())  # type: ignore[no-untyped-call]

    def _break(self, failure: Failure) -> None:
        if not self.broken:
            self.broken = True
            self._on_broken(failure)

    @property
    def saving(self) -> bool:
        """Whether a worker writes to the store now: it must not be closed meanwhile."""
        return self._saving is not None

    def close(self) -> None:
        """Write the state behind a last time, and stop pumping. Wait for `saving` to end before."""
        self.checkpoint()
        self.broken = True
        for call in (self._pump_call, self._announce_call):
            if call is not None and call.active():
                call.cancel()

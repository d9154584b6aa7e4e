"""The control plane of one member, as the rest of pbe uses it: propose, read, watch, membership, status."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from pbe.consensus.driver import Driver, Run
from pbe.consensus.machine import Machine, begin
from pbe.consensus.mail import Mail
from pbe.consensus.membership import Membership
from pbe.consensus.outbox import Outbox
from pbe.consensus.proposals import DEADLINE_S, Proposal, Proposals
from pbe.consensus.reads import Reads
from pbe.consensus.snapshots import Arrivals, Departures
from pbe.consensus.status import status_of
from pbe.consensus.transport import Channel, NoTransport, Transport
from pbe.consensus.tuning import Tuning
from pbe.consensus.watch import Listener
from pbe.errors import BadRequest, PayloadTooLarge
from pbe.fleet import Fleet, Rejected
from pbe.fleet.commands import COMMAND_BYTES_MAX, KEY_CHARS_MAX, encode_entry
from pbe.raft import Core, Settings, bootstrap
from pbe.storage.control import ControlDamaged, ControlStore, Loaded

STOP_TIMEOUT_S = 5.0
STOP_POLL_S = 0.01
JOIN_TICKS = 40


class ControlPlane:
    """One member of the control plane.

    `fleet` is the state as this member knows it. `propose` and `read` work on any member; both may be repeated safely.
    `broken` fails when the disk failed or an invariant is broken: the process has to end then.
    Made by `create`, which reads the store; works from `start` to `stop`.
    """

    def __init__(
        self,
        store: ControlStore,
        loaded: Loaded,
        core: Core,
        *,
        transport: Transport,
        clock: IReactorTime,
        now: Callable[[], float],
        random: Callable[[int], int],
        run: Run | None,
        tuning: Tuning,
    ) -> None:
        self.member_id = core.state.id
        self._store, self._core, self._transport = store, core, transport
        self._clock, self._now = clock, now
        self._request_prefix, self._requests = f"{self.member_id}.{random(1 << 30):x}", 0
        self._proposals = Proposals(clock)
        self._reads = Reads(clock, first=random(1 << 30) << 16)
        self._machine = Machine(loaded, self._proposals.outcome)
        outbox, arrivals = Outbox(transport), Arrivals()
        departures = Departures(outbox, tuning.snapshot_items_max)
        self._driver = Driver(
            core,
            store,
            self._machine,
            outbox,
            self._reads,
            arrivals,
            departures,
            clock=clock,
            run=run,
            on_change=self._changed,
            on_broken=self._broke,
            tuning=tuning,
            recover_to=loaded.recover_to,
        )
        self._mail = Mail(self._driver, outbox, arrivals, departures, clock=clock, stagger_s=tuning.hint_stagger_s)
        self.membership = Membership(self._driver, clock)
        self._mail.handlers.update(
            {
                "raft.add": self.membership.add,
                "raft.remove": self.membership.remove,
                "raft.transfer": self.membership.transfer,
            }
        )
        self._ticking = LoopingCall(self._driver.tick)
        self._ticking.clock = clock
        self._leader_waiters: list[Deferred[None]] = []
        self._change_listeners: list[Callable[[], None]] = []
        self._last_leader = ("", 0)
        self._ticks = 0
        self._tuning = tuning
        self.broken: Deferred[Failure] = Deferred()

    @classmethod
    def create(
        cls,
        *,
        store: ControlStore,
        member_id: str,
        address: str = "",
        peers: dict[str, str] | None = None,
        join: bool = False,
        clock: IReactorTime,
        now: Callable[[], float],
        random: Callable[[int], int],
        transport: Transport | None = None,
        run: Run | None = None,
        settings: Settings | None = None,
        tuning: Tuning | None = None,
    ) -> "ControlPlane":
        """The member of this store, continued, or begun when the store is empty.

        peers: every first member's id and address (this one's too, or it is added with `address`); counts only at the
        very first start, as does `join`, which begins without any membership and waits to be added. now(): seconds
        since the epoch; random(n): a whole number below n; run(function, *args): carries blocking work to a thread.
        Raises DiskError when the store cannot be read or is another member's.
        """
        store.claim(member_id)
        loaded = store.load()
        fresh = not loaded.hard.term and not loaded.checkpoint.index and not loaded.entries
        if fresh and not join:
            loaded = begin(store, bootstrap({member_id: address, **(peers or {})}))
        core = Core(
            member_id,
            random=random,
            config=loaded.checkpoint.config,
            hard=loaded.hard,
            entries=loaded.entries,
            offset=loaded.offset,
            applied=loaded.checkpoint.index,
            settings=settings,
        )
        if loaded.recover_to:
            if core.config.voters == (member_id,):
                where = loaded.damaged or f"log up to {loaded.recover_to}"
                hint = "committed commands are damaged and there is no peer to repair from: see `pbe raft recover`"
                raise ControlDamaged("start", where, hint=hint)
            core.set_recovering(True)
        transport = transport or NoTransport()
        made = cls(
            store,
            loaded,
            core,
            transport=transport,
            clock=clock,
            now=now,
            random=random,
            run=run,
            tuning=tuning or Tuning(),
        )
        made._mail.join_address = address if join else ""
        return made

    # Life

    def start(self) -> None:
        """Begin to work: accept and dial peers, tick, and, alone, lead at once."""
        self._driver.before_pump = self._hand_over
        self._driver.on_tick = self._expire
        self._mail.on_forward = self._forwarded
        self._mail.on_refused = self._proposals.refused_there
        self._transport.set_peers(self._peers())
        self._transport.start(self._mail)
        self._ticking.start(self._tuning.tick_s, now=False)
        if self._core.config.members == (self.member_id,):
            self._core.campaign()
        self._driver.pump()

    async def stop(self) -> None:
        """Hand leadership over if there is somebody, then stop; commands that wait here fail."""
        if self._core.is_leader and len(self._core.config.voters) > 1:
            with contextlib.suppress(Exception):
                await self.membership.transfer_away(STOP_TIMEOUT_S)
        if self._ticking.running:
            self._ticking.stop()
        deadline = self._clock.seconds() + STOP_TIMEOUT_S
        while self._driver.saving and not self._driver.broken and self._clock.seconds() < deadline:
            pause: Deferred[None] = Deferred()
            self._clock.callLater(STOP_POLL_S, pause.callback, None)
            await pause
        self._driver.close()
        self._proposals.close()
        self._reads.close()
        self._mail.close()
        self._transport.stop()
        self._store.close()

    async def ready(self) -> None:
        """Wait until there is a leader."""
        while not self._core.leader:
            waiter: Deferred[None] = Deferred()
            self._leader_waiters.append(waiter)
            await waiter

    # Use

    @property
    def fleet(self) -> Fleet:
        """The state as this member knows it, perhaps a little old; do not keep it over an await."""
        return self._machine.fleet

    @property
    def applied(self) -> tuple[int, int]:
        """Index and term of the newest entry that `fleet` has."""
        return self._machine.applied, self._machine.term

    @property
    def is_leader(self) -> bool:
        """Whether this member leads, as far as it knows."""
        return self._core.is_leader

    @property
    def leader(self) -> str:
        """The leader's id as far as known, "" when not."""
        return self._core.leader

    async def propose(
        self, command: Any, request_id: str = "", audit_actor: str = "", timeout_s: float = DEADLINE_S
    ) -> Any:
        """The command's result, once it is committed and applied here.

        Raises Rejected (certainly no effect), Unavailable (certainly no effect, may be repeated) or OutcomeUnknown
        (repeat it with the same request_id to learn the outcome). The same request_id never has two effects.
        """
        if len(request_id) > KEY_CHARS_MAX:
            raise BadRequest(f"The request's id is longer than {KEY_CHARS_MAX} characters")
        if not request_id:
            self._requests += 1
            request_id = f"{self._request_prefix}.{self._requests}"
        data = encode_entry(command, request_id, int(self._now() * 1000), audit_actor)
        if len(data) > COMMAND_BYTES_MAX:
            raise PayloadTooLarge()
        waiting = self._proposals.submit(request_id, data, timeout_s)
        self._driver.pump_soon()
        outcome = await waiting
        if isinstance(outcome, Rejected):
            raise outcome
        return outcome

    async def read(self) -> Fleet:
        """The state with every command in it that was acknowledged before the call; use it before the next await."""
        waiting = self._reads.submit()
        self._driver.pump_soon()
        await waiting
        return self._machine.fleet

    def watch(self, revision: int, listener: Listener) -> Callable[[], None]:
        """Tell the listener every change after `revision`; the result stops it. See `consensus.watch.Watch`."""
        return self._machine.watch.add(revision, listener)

    def on_leader_change(self, listener: Callable[[], None]) -> None:
        """Call the listener whenever the leader, or the term that this member leads in, has changed."""
        self._change_listeners.append(listener)

    def serve(self, method: str, handler: Callable[[Any], Awaitable[Any]]) -> None:
        """Answer `ask_leader(method, …)` of any member while this one leads."""
        self._mail.handlers[method] = handler

    async def ask_leader(self, method: str, payload: Any, timeout_s: float = 1.0) -> Any:
        """The answer of the leader's handler, wherever the leader is; raises Unavailable, or the handler's refusal."""
        return await self._mail.ask_leader(method, payload, timeout_s)

    def status(self) -> dict[str, Any]:
        """Leader, term, commit, applied, members and their progress, as this member knows them; never waits."""
        return status_of(self.member_id, self._core, self._machine, self._driver.broken)

    async def add_member(self, member_id: str, address: str) -> None:
        """Take a member in: a learner until it has caught up, then a voter."""
        await self._on_leader("raft.add", {"id": member_id, "address": address})

    async def remove_member(self, member_id: str) -> None:
        """Let a member go; a leader hands over first."""
        await self._on_leader("raft.remove", {"id": member_id})

    async def transfer(self, target: str) -> None:
        """Make another member the leader."""
        await self._on_leader("raft.transfer", {"target": target})

    async def _on_leader(self, method: str, payload: dict[str, str]) -> None:
        await self._mail.ask_leader(method, payload, self.membership.timeout_s)

    # Inside

    def _peers(self) -> dict[str, str]:
        addresses = self._core.config.addresses
        return {member: addresses[member] for member in addresses if member != self.member_id}

    def _changed(self) -> None:
        self._transport.set_peers(self._peers())
        leader = (self._core.leader, self._core.term)
        if leader == self._last_leader:
            return
        self._last_leader = leader
        if leader[0]:
            self._proposals.again()
            self._reads.again()
            self._driver.pump_soon()
            waiters, self._leader_waiters = self._leader_waiters, []
            for waiter in waiters:
                waiter.callback(None)
        for listener in self._change_listeners:
            listener()

    def _broke(self, failure: Failure) -> None:
        self._proposals.close()
        self._reads.close()
        if not self.broken.called:
            self.broken.errback(failure)

    def _hand_over(self) -> None:
        """Before each round of the pump: give commands and reads that wait here to the leader."""
        fresh = self._proposals.take_fresh()
        if fresh:
            self._give(fresh)
        for number in self._reads.to_ask():
            if self._core.read(number):
                self._reads.asked(number)

    def _expire(self) -> None:
        self._proposals.expire()
        self._reads.expire()
        self._ticks += 1
        if self._ticks % JOIN_TICKS == 0 and not self._core.config.members:
            for member in self._transport.linked():
                self._mail.ask_to_join(member)

    def _give(self, fresh: list[Proposal]) -> None:
        leader = self._core.leader
        if leader == self.member_id:
            refused = self._core.propose([proposal.data for proposal in fresh])
            if refused == "tail_full":
                self._proposals.refuse(fresh, refused)
                return
            if refused:
                self._proposals.fresh = fresh + self._proposals.fresh
                return
        elif leader:
            body = msgspec.msgpack.encode([proposal.data for proposal in fresh])
            self._mail.send(leader, Channel.FORWARD, body)
        else:
            self._proposals.fresh = fresh + self._proposals.fresh
            return
        self._proposals.handed(fresh)

    def _forwarded(self, items: Sequence[bytes]) -> str:
        return self._core.propose(list(items))

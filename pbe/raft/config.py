"""The membership of a cluster and the changes to it, by joint consensus (thesis 4.3).

Theory of operation. A configuration is simple, or joint while `outgoing` is not empty; in a joint one elections and
commits need a majority of `voters` and a majority of `outgoing`.

    simple  --one voter added or removed, learners at will--> simple
    simple  --enter (any changes)-->  joint  --leave-->  simple

A voter that becomes a learner stays a voter of `outgoing` until the joint configuration is left (`learners_next`).
"""

from collections.abc import Iterable

import msgspec

from pbe.errors import Misuse

ADD_VOTER, ADD_LEARNER, REMOVE = "add_voter", "add_learner", "remove"
MEMBERS_MAX = 15


class Change(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One member's change; `address` is what peers are told to dial ("" keeps the known one)."""

    operation: str
    member: str
    address: str = ""


class ConfigChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The data of a CONFIG entry. No changes at all mean: leave the joint configuration."""

    changes: tuple[Change, ...] = ()
    context: str = ""


class Config(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who is a member, in which part; addresses of all of them."""

    voters: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    learners: tuple[str, ...] = ()
    learners_next: tuple[str, ...] = ()
    addresses: dict[str, str] = {}

    @property
    def joint(self) -> bool:
        """Whether two majorities are needed now."""
        return bool(self.outgoing)

    @property
    def members(self) -> tuple[str, ...]:
        """Everybody, sorted."""
        return tuple(sorted({*self.voters, *self.outgoing, *self.learners, *self.learners_next}))

    def is_voter(self, member: str) -> bool:
        """Whether the member's vote counts in either half."""
        return member in self.voters or member in self.outgoing


def bootstrap(addresses: dict[str, str]) -> Config:
    """The first configuration: all members vote."""
    return Config(voters=tuple(sorted(addresses)), addresses=dict(sorted(addresses.items())))


def encode_change(change: ConfigChange) -> bytes:
    """The data of a CONFIG entry."""
    return msgspec.msgpack.encode(change)


def decode_change(data: bytes) -> ConfigChange:
    """The inverse of `encode_change`; raises msgspec.DecodeError."""
    return msgspec.msgpack.decode(data, type=ConfigChange)


def changed(config: Config, change: ConfigChange) -> Config:
    """The configuration after the change; raises Misuse for a step that the table above does not have."""
    if not change.changes:
        return _leave(config)
    if config.joint:
        raise Misuse("change membership", hint="the configuration is joint: it has to be left first")
    after = _apply(config, change.changes)
    if not after.voters:
        raise Misuse("change membership", hint="no voter would remain")
    if len(after.members) > MEMBERS_MAX:
        raise Misuse("change membership", hint=f"more than {MEMBERS_MAX} members")
    if len(set(config.voters) ^ set(after.voters)) <= 1:
        return after
    staying = tuple(sorted(set(after.learners) & set(config.voters)))
    return msgspec.structs.replace(
        after,
        outgoing=config.voters,
        learners=tuple(sorted(set(after.learners) - set(staying))),
        learners_next=staying,
        addresses={**config.addresses, **after.addresses},
    )


def _apply(config: Config, changes: Iterable[Change]) -> Config:
    voters, learners, addresses = set(config.voters), set(config.learners), dict(config.addresses)
    for change in changes:
        voters.discard(change.member)
        learners.discard(change.member)
        if change.operation == REMOVE:
            addresses.pop(change.member, None)
            continue
        (voters if change.operation == ADD_VOTER else learners).add(change.member)
        if change.address or change.member not in addresses:
            addresses[change.member] = change.address
    return Config(
        voters=tuple(sorted(voters)), learners=tuple(sorted(learners)), addresses=dict(sorted(addresses.items()))
    )


def _leave(config: Config) -> Config:
    if not config.joint:
        raise Misuse("change membership", hint="the configuration is not joint")
    learners = tuple(sorted({*config.learners, *config.learners_next}))
    members = {*config.voters, *learners}
    addresses = {member: address for member, address in config.addresses.items() if member in members}
    return Config(voters=config.voters, learners=learners, addresses=addresses)

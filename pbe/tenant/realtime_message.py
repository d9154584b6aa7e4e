"""What a change of a record says to whom: rules and filters evaluated for groups, messages rendered once for a group.

A group is what cannot differ: the same topic's rule, equal options, and one class of identity (`realtime_identity`).
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from twisted.logger import Logger

from pbe.errors import PbeError
from pbe.query.errors import FilterError
from pbe.query.select import Selection, exists
from pbe.schema.collection import Collection
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant import picker
from pbe.tenant.realtime_broker import Broker
from pbe.tenant.realtime_client import Subscription
from pbe.tenant.realtime_identity import EACH, Needs, follows_relations, identity, looks_at_options, needs_of
from pbe.tenant.realtime_subscription import Options
from pbe.tenant.record import Record
from pbe.tenant.record_enrich import enrich
from pbe.tenant.record_json import dumps, plain
from pbe.tenant.request_info import REALTIME, RequestInfo
from pbe.tenant.unit import Unit

SUPERUSER = "superuser"
_log = Logger()
_FORBIDDEN = ("@collection.", "@request.")


class Group(NamedTuple):
    """Subscribers who see the same: of one class `who`, as far as the rule `needs` to know."""

    topic: str
    rule: str | None
    options: Options
    needs: Needs
    who: Hashable
    info: RequestInfo
    members: list[Subscription]

    @property
    def key(self) -> Hashable:
        """What tells the group from every other of the same event."""
        return (self.topic, self.options, self.who)


def topics_of(record: Record) -> list[tuple[str, str | None]]:
    """The topics that a record's change belongs to, each with the rule that decides who hears of it."""
    collection = record.collection
    names = (collection.name, collection.id)
    one = [(f"{name}/{record.id}", collection.view_rule) for name in names]
    every = [(f"{name}/*", collection.list_rule) for name in names]
    return [*one, *every, *((name, collection.list_rule) for name in names)]


def groups_of(broker: Broker, record: Record, *, hooked: bool) -> list[Group]:
    """The groups of subscribers that may hear of the record's change.

    hooked: whether a handler decides what is shown, which may tell any two apart.
    """
    found: list[Group] = []
    owner_id = owner_of(record)
    for topic, rule in topics_of(record):
        for options, members in broker.topics.get(topic, {}).items():
            needs = EACH if hooked or options.expand else _needs(record.collection, rule, options)
            classes = broker.classes.find((topic, options, needs, owner_id), broker.version)
            if classes is None:
                classes = {}
                for subscription in members:
                    who = who_is(subscription.client.auth, needs, options, owner_id)
                    classes.setdefault(who, []).append(subscription)
                broker.classes.keep((topic, options, needs, owner_id), classes)
            for who, same in classes.items():
                info = RequestInfo(REALTIME, "GET", dict(options.query), dict(options.headers), {}, same[0].client.auth)
                found.append(Group(topic, rule, options, needs, who, info, same))
    return found


def _needs(collection: Collection, rule: str | None, options: Options) -> Needs:
    """What may tell subscribers apart; a filter that follows relations is under the related collections' list rules."""
    if follows_relations(options.filter):
        return EACH
    text = f"{rule or ''}\n{options.filter}"
    if collection.is_auth:
        text += f"\n{collection.manage_rule or ''}"
    return needs_of(text)


def owner_of(record: Record) -> str:
    """Whom a record belongs to, as far as its e-mail goes: an auth record to itself, any other to nobody."""
    return record.id if record.collection.is_auth else ""


def who_is(auth: Record | None, needs: Needs, options: Options, owner_id: str) -> Hashable:
    """The class of whoever subscribes."""
    if auth is not None and auth.is_superuser and "@request.auth" not in options.filter and needs is not EACH:
        return SUPERUSER
    who = identity(auth, needs)
    if auth is not None and auth.id == owner_id:
        return ("owner", who)
    return (SUPERUSER, who) if auth is not None and auth.is_superuser else who


class Evaluation:
    """One change of one record, evaluated for its groups; remembers what groups have in common."""

    def __init__(self, unit: Unit, action: str, record: Record) -> None:
        self._unit = unit
        self._action = action
        self._record = record
        self._allowed: dict[Hashable, bool] = {}

    async def allowed(self, group: Group) -> bool:
        """Whether the group may hear of the record as it is stored now."""
        superuser = group.info.is_superuser
        if group.rule is None and not superuser:
            return False
        rule = "" if superuser else group.rule or ""
        wanted = group.options.filter
        if not rule and not wanted:
            return True
        own = (group.options.query, group.options.headers) if looks_at_options(rule + wanted) else ()
        key = (rule, wanted, group.who, own)
        known = self._allowed.get(key)
        if known is None:
            known = self._allowed[key] = await self._matches(rule, wanted, group.info)
        return known

    async def _matches(self, rule: str, wanted: str, info: RequestInfo) -> bool:
        if not info.is_superuser and any(word in wanted for word in _FORBIDDEN):
            return False
        unit, record = self._unit, self._record
        try:
            selection = Selection(unit.tenant.catalog, record.collection, info, unit.tenant.now())
            selection.ids([record.id])
            selection.rule(rule)
            selection.filter(wanted, hidden_allowed=False)
            statement = exists(selection.compiled())
            return bool(await unit.query(statement.sql, statement.params))
        except (FilterError, SqlError) as error:
            _log.debug("a subscription cannot be evaluated: {error}", error=error)
            return False

    async def render(self, group: Group) -> bytes | None:
        """The group's JSON; None where a hook refuses it."""
        shown = self._record.fresh()
        try:
            await enrich(self._unit, group.info, [shown])
        except PbeError as error:
            _log.debug("a record is not sent: {error}", error=error)
            return None
        value = shown.export()
        if group.options.fields:
            try:
                value = picker.pick(plain(value), picker.parse(group.options.fields))
            except PbeError as error:
                _log.debug("fields cannot be picked: {error}", error=error)
        return b'{"record":%b,"action":"%b"}' % (dumps(value), self._action.encode())


async def evaluate(unit: Unit, groups: Sequence[Group], action: str, record: Record) -> list[tuple[Group, bytes]]:
    """The groups that hear of the change, with what they hear."""
    evaluation = Evaluation(unit, action, record)
    heard: list[tuple[Group, bytes]] = []
    for group in groups:
        if await evaluation.allowed(group):
            data = await evaluation.render(group)
            if data is not None:
                heard.append((group, data))
    return heard


def leave_json(record: Record) -> bytes:
    """What is said of a record that a subscription lost sight of: only which one it was."""
    known = {"collectionId": record.collection.id, "collectionName": record.collection.name, "id": record.id}
    return b'{"record":%b,"action":"leave"}' % dumps(known)

"""Compiled rules, kept for the next request that they are asked of.

Compiling a rule takes longer than running it. What most rules say of a request is only who asks, and that is one
parameter; so such a rule is compiled once, with a stand-in for the asking record's id, and the id is put in for each
request. A rule that says more of the request, or names a moment, is compiled each time. So is one in which the stand-in
turns up in any form but its own, since then it cannot be replaced.
"""

from dataclasses import dataclass, replace
from typing import Any

from pbe.query.catalog import Catalog, CollectionLike, RequestLike
from pbe.query.parser import parse
from pbe.query.select import Compiled, Selection
from pbe.query.sql import Sql
from pbe.query.tree import Call, Group, Identifier, Token

RULES_KEPT_MAX = 500
_STAND_IN = "\x00who asks\x00"
_PLAIN = frozenset(
    f"@request.auth.{key}" for key in ("collectionId", "collectionName", "email", "emailVisibility", "verified")
)


@dataclass(frozen=True, slots=True)
class _StandInAuth:
    """Somebody of a collection."""

    collection: CollectionLike
    id: str = _STAND_IN

    def get(self, name: str) -> Any:
        """Not asked: a rule that asks is not kept."""
        return None


@dataclass(frozen=True, slots=True)
class _StandInRequest:
    """A request that says nothing but who asks."""

    auth: _StandInAuth | None
    context: str = ""
    method: str = ""
    query: Any = None
    headers: Any = None
    body: Any = None


class RuleCache:
    """The rules of one tenant; `catalog` is counted by its `generation`."""

    def __init__(self) -> None:
        self._generation = -1
        self._kept: dict[tuple[str, str, str], Compiled | None] = {}

    def compiled(
        self,
        catalog: Catalog,
        generation: int,
        collection: CollectionLike,
        rule: str,
        request: RequestLike,
        now_s: float,
    ) -> Compiled:
        """A statement's parts for `rule` alone. Raises `FilterError`."""
        if self._generation != generation or len(self._kept) >= RULES_KEPT_MAX:
            self._kept.clear()
            self._generation = generation
        auth = request.auth
        key = (collection.id, rule, auth.collection.id if auth is not None else "")
        if key not in self._kept:
            self._kept[key] = _template(catalog, collection, rule, request, now_s)
        kept = self._kept[key]
        if kept is None:
            return _compile(catalog, collection, rule, request, now_s)
        return _filled(kept, auth.id) if auth is not None else kept


def _compile(catalog: Catalog, collection: CollectionLike, rule: str, request: RequestLike, now_s: float) -> Compiled:
    selection = Selection(catalog, collection, request, now_s)
    selection.rule(rule)
    return selection.compiled()


def _template(
    catalog: Catalog, collection: CollectionLike, rule: str, request: RequestLike, now_s: float
) -> Compiled | None:
    """The rule compiled for anybody of the asking record's collection; None where it must be compiled each time."""
    if not all(map(_is_lasting, _names(parse(rule)))):
        return None
    auth = _StandInAuth(request.auth.collection) if request.auth is not None else None
    compiled = _compile(catalog, collection, rule, _StandInRequest(auth), now_s)
    params = (*compiled.joins.params, *compiled.where.params)
    return None if any(_STAND_IN in str(value) and value != _STAND_IN for value in params) else compiled


def _is_lasting(name: str) -> bool:
    """Whether a name means the same for every request of somebody."""
    if not name.startswith("@") or name.startswith("@collection."):
        return True
    return name.startswith("@request.auth.") and name not in _PLAIN


def _names(group: Group) -> list[str]:
    found: list[str] = []
    for _, member in group.members:
        if isinstance(member, Group):
            found += _names(member)
        else:
            found += [*_of_token(member.left), *_of_token(member.right)]
    return found


def _of_token(token: Token) -> list[str]:
    if isinstance(token, Identifier):
        return [token.text]
    return [name for arg in token.args for name in _of_token(arg)] if isinstance(token, Call) else []


def _filled(compiled: Compiled, auth_id: str) -> Compiled:
    return replace(compiled, joins=_with_id(compiled.joins, auth_id), where=_with_id(compiled.where, auth_id))


def _with_id(sql: Sql, auth_id: str) -> Sql:
    if _STAND_IN not in sql.params:
        return sql
    return Sql(sql.text, tuple(auth_id if value == _STAND_IN else value for value in sql.params))

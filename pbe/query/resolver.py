"""What the names in a filter mean for one collection and one request.

A `Scope` collects the joins that the names of one statement need. Joins are known by what they mean (the path that
leads there), and named by a counter; the same path is joined once. Where hidden fields are not allowed, a join to
another collection also demands that collection's list rule of the joined row (`ruled`), and is refused where that
rule is null.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pbe.query.catalog import Catalog, CollectionLike, RequestLike
from pbe.query.errors import FilterError, quoted
from pbe.query.operand import NULL, Operand, bound, constant, left_join, table
from pbe.query.sql import EMPTY, Sql
from pbe.query.values import go_float, nested, to_text

MODIFIERS = frozenset({"isset", "each", "length", "lower", "changed"})
_ALLOWED = re.compile(
    r"\w+[\w.:]*|@request\.(?:context|method)|@request\.(?:auth|body|query|headers)\.[\w.:]*\w+"
    r"|@collection\.\w+(?::\w+)?\.[\w.:]*\w+",
    re.ASCII,
)
_AUTH_PLAIN = frozenset({"id", "collectionId", "collectionName", "email", "emailVisibility", "verified"})


@dataclass(slots=True)
class Join:
    """One joined table: its alias and its whole clause; `many` where it can multiply rows."""

    alias: str
    clause: Sql
    many: bool


@dataclass(slots=True)
class Aliases:
    """Names of tables within one statement."""

    prefix: str = "j"
    used: int = 0

    def __call__(self) -> str:
        """A name that the statement has not used."""
        self.used += 1
        return f"{self.prefix}{self.used}"


@dataclass(slots=True)
class Scope:
    """What the names of one statement refer to.

    base, alias: the collection whose rows are tested and how the statement names them; source: the table they are read
    from (a collection's own, or the imagined one that a create rule is tested on).
    """

    catalog: Catalog
    base: CollectionLike
    request: RequestLike | None
    alias: str
    source: str
    now_s: float
    hidden_allowed: bool = True
    aliases: Aliases = field(default_factory=Aliases)
    joins: dict[tuple[str, ...], Join] = field(default_factory=dict)
    ruled: dict[str, CollectionLike] = field(default_factory=dict)

    def collection(self, name_or_id: str) -> CollectionLike | None:
        """A collection by name or id; the base is itself, though it may be an imagined one."""
        if name_or_id in (self.base.name, self.base.id):
            return self.base
        return self.catalog.collection(name_or_id)

    def source_of(self, collection: CollectionLike) -> Sql:
        """The table to read `collection` from."""
        return Sql(self.source) if collection is self.base else table(collection.name)

    def join(
        self,
        key: tuple[str, ...],
        collection: CollectionLike | None,
        source: Sql,
        on: "Callable[[str], Sql] | None",
        *,
        many: bool,
    ) -> str:
        """The alias of the join `key`, made where it is not there yet. `on` gets the alias."""
        found = self.joins.get(key)
        alias = found.alias if found is not None else self.aliases()
        if not self.hidden_allowed and collection is not None:
            if collection.list_rule is None:
                allowed = "fields can be accessed only when allowHiddenFields is enabled or by superusers"
                raise FilterError(f"{quoted(collection.name)} {allowed}")
            self.ruled[alias] = collection
        self.joins[key] = Join(alias, left_join(source, alias, on(alias) if on else EMPTY), many)
        return alias

    def within(self, collection: CollectionLike, alias: str) -> "Scope":
        """A scope for a rule about the row under `alias`, sharing the names of this statement."""
        return Scope(
            self.catalog, collection, self.request, alias, table(collection.name).text, self.now_s, True, self.aliases
        )


def check_name(text: str) -> None:
    """Raises FilterError for a name that no field, request value or collection can have."""
    if _ALLOWED.fullmatch(text) is None:
        raise FilterError(f"failed to resolve field {quoted(text)}")


def split_modifier(prop: str) -> tuple[str, str]:
    """A path's key and its modifier; a key with several colons is a key without a modifier."""
    parts = prop.split(":")
    if len(parts) != 2:
        return prop, ""
    if parts[1] not in MODIFIERS:
        raise FilterError(f"unknown modifier in {quoted(prop)}")
    return parts[0], parts[1]


def request_value(scope: Scope, request: RequestLike, path: list[str]) -> Operand:
    """The operand for ``@request.`` + `path`, taken from what the request says."""
    last, modifier = split_modifier(path[-1])
    keys = [*path[:-1], last]
    try:
        value = nested(_root(request, keys[0]), keys[1:])
        is_set = True
    except FilterError:
        value, is_set = None, False
    if modifier == "isset":
        return constant("TRUE" if is_set else "FALSE")
    if isinstance(value, str):
        target = scope.base.field(last)
        number = go_float(value) if target is not None and target.type == "number" else None
        value = number if number is not None else str(value)
    elif value is not None and not isinstance(value, bool | int | float):
        value = to_text(value)
    if modifier not in ("", "lower"):
        raise FilterError(f"invalid modifier sequence {last}:{modifier}")
    if value is None:
        return NULL
    return lowered(value) if modifier else bound(value)


def lowered(value: object) -> Operand:
    """LOWER of a user's value."""
    return Operand(Sql("LOWER(?)", (value,)), (value,))


def _root(request: RequestLike, key: str) -> object:
    roots: Mapping[str, object] = {
        "context": request.context,
        "method": request.method,
        "query": request.query,
        "headers": request.headers,
        "body": request.body,
    }
    if key not in roots:
        raise FilterError(f"missing key {quoted(key)}")
    return roots[key]


def plain_auth(request: RequestLike, key: str) -> Operand | None:
    """A value of the asking record that needs no join; None for one that does."""
    auth = request.auth
    if auth is None or key not in _AUTH_PLAIN:
        return None
    if key == "collectionId":
        return bound(auth.collection.id)
    if key == "collectionName":
        return bound(auth.collection.name)
    value = auth.id if key == "id" else auth.get(key)
    return NULL if value is None else bound(value)

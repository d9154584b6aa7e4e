"""From a field's path (``author.posts_via_author.title:lower``) to the operand that it names.

Theory of operation. A `Walk` starts at a table, the base one, or one that is joined without a relation
(``@collection``, ``@request.auth``, a relation in ``@request.body``), and takes one key at a time: a relation or a
back-relation joins the next table, a json field takes all that is left as a path into it, the last key is the value.
Beside each join of the main query it notes the same join for the query of all values (`MultiMatch`), which is used
once some step could have found several rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pbe.query.catalog import MULTI_VALUED, CollectionLike, FieldLike, is_multiple, related_id
from pbe.query.errors import FilterError, quoted
from pbe.query.indexes import has_unique_column
from pbe.query.operand import NULL, MultiMatch, NullFallback, Operand, left_join
from pbe.query.resolver import Scope, split_modifier
from pbe.query.sql import EMPTY, Sql, column, columnify, fill, json_each, json_extract, json_length

RELATION_DEPTH_MAX = 6


class _Missing(Exception):
    """The path names nothing."""


@dataclass(slots=True)
class Walk:
    """One path on its way. `lenient`: a missing field is NULL instead of an error."""

    scope: Scope
    collection: CollectionLike
    alias: str
    key: tuple[str, ...]
    lenient: bool = False
    many: bool = False
    all_alias: str = ""
    all_joins: list[Sql] = field(default_factory=list)
    root_alias: str = ""

    def __post_init__(self) -> None:
        if not self.root_alias:
            self.root_alias = self.scope.aliases()
            self.all_alias = self.all_alias or self.root_alias

    def enter(
        self,
        key: tuple[str, ...],
        collection: CollectionLike,
        on: Callable[[str], Sql] | None,
        *,
        many: bool,
        to_many: bool,
    ) -> None:
        """Go to `collection`'s table, joined both to the statement and to the query of all values."""
        source = self.scope.source_of(collection)
        self.alias = self.scope.join(key, collection, source, on, many=to_many)
        alias = self.scope.aliases()
        self.all_joins.append(left_join(source, alias, on(alias) if on else EMPTY))
        self.all_alias = alias
        self.collection = collection
        self.key = key
        self.many = self.many or many

    def resolve(self, props: list[str]) -> Operand:
        """The operand that `props` name from here on."""
        try:
            for depth, prop in enumerate(props[:-1]):
                found = self.collection.field(prop)
                if found is not None and found.hidden and not self.scope.hidden_allowed:
                    raise FilterError(f"non-filterable field {quoted(prop)}")
                if found is not None and found.type in ("json", "geoPoint"):
                    return self._json(found, props[depth + 1 :])
                if depth >= RELATION_DEPTH_MAX:
                    raise FilterError(f"max nested relations reached for field {quoted(prop)}")
                if found is None:
                    self._back(prop)
                elif found.type != "relation":
                    raise FilterError(f"field {quoted(prop)} is not a valid relation")
                elif depth == len(props) - 2 and props[-1] == "id" and not is_multiple(found):
                    self._related(found)
                    return self._last(prop)
                else:
                    self._forward(found)
            return self._last(props[-1])
        except _Missing as missing:
            if self.lenient:
                return NULL
            raise FilterError(str(missing)) from None

    def _related(self, relation: FieldLike) -> CollectionLike:
        target = self.scope.collection(related_id(relation))
        if target is None:
            raise FilterError(f"failed to load field {quoted(relation.name)} collection")
        return target

    def _forward(self, relation: FieldLike) -> None:
        target = self._related(relation)
        key = (*self.key, relation.name)
        here, all_here = column(self.alias, relation.name), column(self.all_alias, relation.name)
        if not is_multiple(relation):
            on = _equal_to(here)
            alias = self.scope.join(key, target, self.scope.source_of(target), on, many=False)
            all_on = _equal_to(all_here)
        else:
            each = self.scope.join((*key, "*"), None, json_each(here), None, many=True)
            alias = self.scope.join(
                key, target, self.scope.source_of(target), _equal_to(Sql(f"{each}.value")), many=True
            )
            all_each = self.scope.aliases()
            self.all_joins.append(left_join(json_each(all_here), all_each))
            all_on = _equal_to(Sql(f"{all_each}.value"))
            self.many = True
        all_alias = self.scope.aliases()
        self.all_joins.append(left_join(self.scope.source_of(target), all_alias, all_on(all_alias)))
        self.collection, self.alias, self.all_alias, self.key = target, alias, all_alias, key

    def _back(self, prop: str) -> None:
        source, relation = self._back_relation(prop)
        several = is_multiple(relation) or not has_unique_column(tuple(source.indexes), relation.name)
        here, all_here = self.alias, self.all_alias
        make = _contains if is_multiple(relation) else _points_to
        key = (*self.key, prop)
        table_sql = self.scope.source_of(source)
        self.alias = self.scope.join(
            key, source, table_sql, lambda alias: make(self.scope, alias, relation.name, here), many=several
        )
        alias = self.scope.aliases()
        self.all_joins.append(left_join(table_sql, alias, make(self.scope, alias, relation.name, all_here)))
        self.collection, self.all_alias, self.key = source, alias, key
        self.many = self.many or several

    def _back_relation(self, prop: str) -> tuple[CollectionLike, FieldLike]:
        """The collection and the relation field that ``collection_via_field`` names."""
        parts = _split_back(prop)
        if parts is None:
            raise _Missing(f"failed to resolve field {quoted(prop)}")
        source = self.scope.collection(parts[0])
        if source is None:
            raise _Missing(f"failed to load back relation field {quoted(prop)} collection")
        name = quoted(parts[1])
        relation = source.field(parts[1])
        if relation is None:
            raise _Missing(f"missing back relation field {name}")
        if relation.type != "relation":
            raise _Missing(f"invalid back relation field {name}")
        if relation.hidden and not self.scope.hidden_allowed:
            raise FilterError(f"non-filterable back relation field {name}")
        if related_id(relation) != self.collection.id:
            raise _Missing(f"invalid collection reference of a back relation field {name}")
        return source, relation

    def _json(self, found: FieldLike, rest: list[str]) -> Operand:
        path = ""
        for position, prop in enumerate(rest):
            if prop.isascii() and prop.isdigit():
                path += f"[{prop}]"
            else:
                path += ("." if position > 0 else "") + columnify(prop)
        return self._finish(lambda alias: json_extract(column(alias, found.name), path), fallback=NullFallback.DISABLED)

    def _finish(
        self,
        make: Callable[[str], Sql],
        fallback: NullFallback = NullFallback.AUTO,
        finish: Callable[[Sql], Sql] | None = None,
    ) -> Operand:
        multi = self._multi(make(self.all_alias)) if self.many else None
        return Operand(make(self.alias), (), fallback, multi, finish)

    def _multi(self, value: Sql) -> MultiMatch:
        return MultiMatch(self.scope.alias, self.scope.source, self.root_alias, value, tuple(self.all_joins))

    def _last(self, prop: str) -> Operand:
        name, modifier = split_modifier(prop)
        found = self.collection.field(name)
        if found is None:
            raise _Missing(f"unknown field {quoted(name)}")
        if found.hidden and not self.scope.hidden_allowed:
            raise FilterError(f"non-filterable field {quoted(name)}")
        if modifier == "length" and found.type in MULTI_VALUED:
            return self._finish(lambda alias: json_length(column(alias, name)))
        if modifier == "each" and found.type in MULTI_VALUED:
            return self._each(found)
        is_json = found.type == "json"

        def make(alias: str) -> Sql:
            value = json_extract(column(alias, name), "") if is_json else column(alias, name)
            return fill("LOWER({v})", {"v": value}) if modifier == "lower" else value

        finish = None
        if name == "email" and not self.scope.hidden_allowed and self.collection.type == "auth":
            finish = _visible_email(self.alias)
        return self._finish(make, NullFallback.DISABLED if is_json else NullFallback.AUTO, finish)

    def _each(self, found: FieldLike) -> Operand:
        each = self.scope.join(
            (*self.key, found.name, ":each"), None, json_each(column(self.alias, found.name)), None, many=True
        )
        self.many = self.many or is_multiple(found)
        multi = None
        if self.many:
            all_each = self.scope.aliases()
            self.all_joins.append(left_join(json_each(column(self.all_alias, found.name)), all_each))
            multi = self._multi(Sql(f"{all_each}.value"))
        return Operand(Sql(f"{each}.value"), (), NullFallback.AUTO, multi)


def _split_back(prop: str) -> tuple[str, str] | None:
    """``collection_via_relation`` in two, at the last ``_via_`` that leaves something on both sides."""
    at = prop.rfind("_via_")
    while at > 0:
        if at + 5 < len(prop) and ":" not in prop:
            return prop[:at], prop[at + 5 :]
        at = prop.rfind("_via_", 0, at + 4)
    return None


def _equal_to(value: Sql) -> Callable[[str], Sql]:
    return lambda alias: fill(f"{alias}.id = {{value}}", {"value": value})


def _points_to(scope: Scope, alias: str, relation: str, target: str) -> Sql:
    """The row under `alias` points at the row under `target` by its one relation."""
    return fill(f"{{column}} = {target}.id", {"column": column(alias, relation)})


def _contains(scope: Scope, alias: str, relation: str, target: str) -> Sql:
    """The row under `alias` has the row under `target` among its relations."""
    each = scope.aliases()
    return fill(
        f"{target}.id IN (SELECT {each}.value FROM {{table}} {each})", {"table": json_each(column(alias, relation))}
    )


def _visible_email(alias: str) -> Callable[[Sql], Sql]:
    visible = column(alias, "emailVisibility")
    return lambda condition: fill("({c} AND {v} = TRUE)", {"c": condition, "v": visible})

"""A name in a filter → its operand: fields, ``@collection``, ``@request``."""

from collections.abc import Callable
from typing import Any

from pbe.query.catalog import MULTI_VALUED, CollectionLike, FieldLike, RequestLike, is_multiple, related_id
from pbe.query.errors import FilterError, quoted
from pbe.query.operand import NULL, MultiMatch, NullFallback, Operand, left_join
from pbe.query.parser import parse
from pbe.query.paths import Walk
from pbe.query.resolver import Scope, check_name, lowered, plain_auth, request_value, split_modifier
from pbe.query.sql import Sql, column, fill, join
from pbe.query.tree import Group
from pbe.query.values import go_json, to_text

Compile = Callable[[Group, Scope], Sql]


def resolve_name(text: str, scope: Scope, compile_group: Compile) -> Operand:
    """The operand that the name `text` stands for; raises FilterError where there is none."""
    check_name(text)
    props = text.split(".")
    if props[0] == "@collection":
        return _collection(props, scope)
    if props[0] != "@request":
        return _walk(scope).resolve(props)
    if scope.request is None:
        return NULL
    if props[1] == "auth":
        return _auth(props[2:], scope, scope.request)
    if props[1] == "body":
        found = _body(props[2:], scope, scope.request, compile_group)
        if found is not None:
            return found
    return request_value(scope, scope.request, props[1:])


def _walk(scope: Scope, *, lenient: bool = False) -> Walk:
    return Walk(scope, scope.base, scope.alias, (), lenient)


def _collection(props: list[str], scope: Scope) -> Operand:
    """``@collection.name[:alias].path``: every row of another collection, as one and the same row for one alias."""
    if len(props) < 3:
        raise FilterError(f"invalid @collection field path in {quoted('.'.join(props))}")
    name, _, alias = props[1].partition(":")
    target = scope.collection(name)
    if target is None:
        path = quoted(".".join(props))
        raise FilterError(f"failed to load collection {quoted(props[1])} from field path {path}")
    walk = _walk(scope)
    walk.enter(("@collection", alias, "" if alias else target.name), target, None, many=True, to_many=True)
    return walk.resolve(props[2:])


def _auth(props: list[str], scope: Scope, request: RequestLike) -> Operand:
    """``@request.auth.path``: what needs no join is a value, the rest is read from the record's row."""
    if request.auth is None:
        return NULL
    if len(props) == 1:
        plain = plain_auth(request, props[0])
        if plain is not None:
            return plain
    row_id = request.auth.id
    walk = _walk(scope, lenient=True)
    collection = scope.collection(request.auth.collection.name) or request.auth.collection
    walk.enter(("@auth",), collection, lambda alias: Sql(f"{alias}.id = ?", (row_id,)), many=False, to_many=False)
    return walk.resolve(props)


def _body(props: list[str], scope: Scope, request: RequestLike, compile_group: Compile) -> Operand | None:
    """``@request.body.path`` where it names a field in a way of its own; None where it is a plain value."""
    name, modifier = split_modifier(props[0])
    target = scope.base.field(name)
    if target is None:
        return None
    if target.type == "relation" and len(props) > 1:
        return _body_relation(target, props[1:], scope, request)
    if len(props) > 1 or modifier in ("", "isset"):
        return None
    value = request.body.get(name)
    if modifier == "lower":
        return lowered(_scalar_text(value))
    if modifier == "changed":
        return _changed(name, scope, compile_group)
    if target.type not in MULTI_VALUED:
        raise FilterError(f"field {quoted(name)} doesn't support multivalue operations")
    items = _items(value)
    if modifier == "length":
        return Operand(Sql(str(len(items))))
    return _body_each(target, items, scope)


def _changed(name: str, scope: Scope, compile_group: Compile) -> Operand:
    """Whether the field was sent and differs from what is stored: a condition in an operand's place."""
    group = parse(f"@request.body.{name}:isset = true && @request.body.{name} != {name}")
    return Operand(compile_group(group, scope), (), NullFallback.DISABLED)


def _body_each(target: FieldLike, items: list[Any], scope: Scope) -> Operand:
    """Each of the sent values as a row."""
    sent = go_json(items)
    each = scope.join(("@body", target.name, ":each"), None, Sql("json_each(?)", (sent,)), None, many=True)
    multi = None
    if is_multiple(target):
        root, inner = scope.aliases(), scope.aliases()
        clause = left_join(Sql("json_each(?)", (sent,)), inner)
        multi = MultiMatch(scope.alias, scope.source, root, Sql(f"{inner}.value"), (clause,))
    return Operand(Sql(f"{each}.value"), (sent,), NullFallback.AUTO, multi, opaque=True)


def _body_relation(target: FieldLike, props: list[str], scope: Scope, request: RequestLike) -> Operand:
    """A path through the records that a sent relation points to."""
    collection: CollectionLike | None = scope.collection(related_id(target))
    if collection is None:
        at = quoted(target.name)
        raise FilterError(f"failed to load collection {quoted(related_id(target))} from data field {at}")
    ids = unique_texts(request.body.get(target.name))
    if not ids:
        return NULL
    several = is_multiple(target)
    walk = _walk(scope, lenient=True)
    marks = join(", ", (Sql("?", (one,)) for one in ids))
    walk.enter(
        ("@body", collection.name, target.name),
        collection,
        lambda alias: fill("{id} IN ({marks})", {"id": column(alias, "id"), "marks": marks}),
        many=several,
        to_many=len(ids) > 1,
    )
    return walk.resolve(props)


def unique_texts(value: Any) -> list[str]:
    """`value` as a list of non-empty texts, each once, in order."""
    items = [_scalar_text(item) for item in _items(value)]
    return [item for item in dict.fromkeys(items) if item]


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _scalar_text(value: Any) -> str:
    return "" if isinstance(value, list | tuple | dict) else to_text(value)

"""A collection: its name, fields, indexes and rules, and the forms in which it is read and written."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Self

from pbe.schema import bind, collection_auth
from pbe.schema import index as indexes_of
from pbe.schema.checksum import crc32_text
from pbe.schema.field import Field
from pbe.schema.field_bool import BoolField
from pbe.schema.field_email import EmailField
from pbe.schema.field_password import PasswordField
from pbe.schema.field_text import LOWERCASE_ID, TextField
from pbe.schema.fields import Fields, add, by_id, by_name, load_fields

BASE, AUTH, VIEW = "base", "auth", "view"
TYPES = (BASE, AUTH, VIEW)
RULES = ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")
INDEX_NAME_CHARS_MAX = 64
SHARED_TEXTS_MAX = 4096
COLUMNS = ("id", "system", "type", "name", "fields", "indexes", *RULES, "options", "created", "updated")
_ATTRS = {
    "id": ("str", "id"),
    "listRule": ("text", "list_rule"),
    "viewRule": ("text", "view_rule"),
    "createRule": ("text", "create_rule"),
    "updateRule": ("text", "update_rule"),
    "deleteRule": ("text", "delete_rule"),
    "name": ("str", "name"),
    "type": ("str", "type"),
    "created": ("date", "created"),
    "updated": ("date", "updated"),
    "system": ("bool", "system"),
    "indexes": ("strings", "indexes"),
}


@dataclass(frozen=True)
class Collection:
    """Immutable. `options` belong to the collection and must not be changed in place.

    created, updated: canonical dates. generated_id: the id where it was made of type and name, so that it may follow
    them until the collection is stored. is_new: it never was stored.
    """

    id: str = ""
    name: str = ""
    type: str = BASE
    system: bool = False
    fields: Fields = ()
    indexes: tuple[str, ...] = ()
    list_rule: str | None = None
    view_rule: str | None = None
    create_rule: str | None = None
    update_rule: str | None = None
    delete_rule: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    updated: str = ""
    generated_id: str = field(default="", compare=False)
    is_new: bool = field(default=False, compare=False)

    @property
    def is_base(self) -> bool:
        """Whether it holds plain records."""
        return self.type == BASE

    @property
    def is_auth(self) -> bool:
        """Whether its records can log in."""
        return self.type == AUTH

    @property
    def is_view(self) -> bool:
        """Whether it is the result of a query."""
        return self.type == VIEW

    @property
    def auth_rule(self) -> str | None:
        """Who may log in; None is nobody."""
        rule = self.options.get("authRule")
        return None if rule is None else str(rule)

    @property
    def manage_rule(self) -> str | None:
        """Who may change others' e-mail, password and state."""
        rule = self.options.get("manageRule")
        return None if rule is None else str(rule)

    @property
    def view_query(self) -> str:
        """The SELECT of a view."""
        return str(self.options.get("viewQuery", ""))

    def rule(self, name: str) -> str | None:
        """A rule by its JSON name: "listRule" … "deleteRule", "authRule", "manageRule"."""
        found = getattr(self, _ATTRS[name][1]) if name in RULES else self.options.get(name)
        return None if found is None else str(found)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by name."""
        return {entry.name: entry for entry in self.fields}

    def field(self, name: str) -> Field | None:
        """The field with exactly this name."""
        return self.by_name.get(name)

    def field_by_id(self, field_id: str) -> Field | None:
        """The field with this id."""
        return by_id(self.fields, field_id)

    def evolve(self, **changes: Any) -> Self:
        """A copy with other attributes."""
        return replace(self, **changes)

    def json(self) -> dict[str, Any]:
        """As a client sees it, secrets left out, keys in PocketBase's order."""
        out: dict[str, Any] = {"id": self.id}
        out.update((name, self.rule(name)) for name in RULES)
        out.update(name=self.name, type=self.type, fields=[entry.json() for entry in self.fields])
        out.update(indexes=list(self.indexes), created=self.created, updated=self.updated, system=self.system)
        if self.is_auth:
            out.update(collection_auth.public(self.options))
        elif self.is_view:
            out["viewQuery"] = self.view_query
        return out

    def to_row(self) -> dict[str, Any]:
        """As its row in `_collections`, ready to be bound."""
        options: Any = {}
        if self.is_auth:
            options = collection_auth.stored(self.options)
        elif self.is_view:
            options = {"viewQuery": self.view_query}
        row: dict[str, Any] = {name: self.rule(name) for name in RULES}
        row.update(id=self.id, system=int(self.system), type=self.type, name=self.name)
        row.update(fields=_text([entry.json() for entry in self.fields]), indexes=_text(list(self.indexes)))
        row.update(options=_text(options), created=self.created, updated=self.updated)
        return row


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_row(row: Mapping[str, Any]) -> Collection:
    """A collection of its row in `_collections`."""
    kind = str(row["type"])
    raw = json.loads(row["options"] or "{}")
    options: Mapping[str, Any] = {}
    if kind == AUTH:
        options = collection_auth.load(collection_auth.blank(), raw)
    elif kind == VIEW:
        options = {"viewQuery": str(raw.get("viewQuery", ""))}
    return Collection(
        fields=_fields_of(str(row["fields"] or "[]")),
        indexes=_indexes_of(str(row["indexes"] or "[]")),
        options=options,
        system=bool(row["system"]),
        id=str(row["id"]),
        name=str(row["name"]),
        type=kind,
        created=str(row["created"]),
        updated=str(row["updated"]),
        list_rule=row["listRule"],
        view_rule=row["viewRule"],
        create_rule=row["createRule"],
        update_rule=row["updateRule"],
        delete_rule=row["deleteRule"],
    )


@lru_cache(SHARED_TEXTS_MAX)
def _fields_of(text: str) -> Fields:
    """Fields are immutable, so tenants with the same ones share them: a node holds hundreds of the system's alone."""
    return load_fields(json.loads(text))


@lru_cache(SHARED_TEXTS_MAX)
def _indexes_of(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def new(kind: str, name: str, secret: Callable[[], str], *, collection_id: str = "") -> Collection:
    """A collection that is not stored yet, with the fields, indexes and options its type starts with."""
    known = kind if kind in (AUTH, VIEW) else BASE
    generated = "" if collection_id else checksum_id(known, name)
    options: Mapping[str, Any] = {}
    if known == AUTH:
        options = collection_auth.defaults(secret)
    elif known == VIEW:
        options = {"viewQuery": ""}
    fresh = Collection(
        id=collection_id or generated, name=name, type=known, options=options, generated_id=generated, is_new=True
    )
    return with_system_fields(fresh)


def checksum_id(kind: str, name: str) -> str:
    """The id of a collection that was not given one."""
    return "pbc_" + crc32_text(kind + name)


def load(current: Collection, data: Mapping[str, Any]) -> Collection:
    """`current` with a client's JSON laid over it; `bind.BindError` where a value has the wrong type.

    Options of the other types are looked at too, and then forgotten.
    """
    changes: dict[str, Any] = {}
    auth: Mapping[str, Any] = current.options if current.is_auth else collection_auth.blank()
    query = current.view_query
    for name in sorted(data):
        value = data[name]
        if name in _ATTRS:
            kind, attr = _ATTRS[name]
            go_type = "types.JSONArray[string]" if name == "indexes" else ""
            changes[attr] = bind.convert(kind, value, f"/{name}", go_type=go_type)
        elif name == "fields":
            changes["fields"] = load_fields(value)
        elif name in collection_auth.SHAPE:
            auth = collection_auth.load(auth, {name: value}, (name,))
        elif name == "viewQuery":
            query = bind.convert("str", value, "/viewQuery")
    kind = changes.get("type", current.type)
    options = auth if kind == AUTH else {"viewQuery": query} if kind == VIEW else {}
    return current.evolve(**changes, options=options)


def with_system_fields(collection: Collection) -> Collection:
    """The collection with the fields and indexes that its type always has, put back or put right."""
    if collection.type not in (BASE, AUTH):
        return collection
    fields = _with_id(collection.fields)
    if collection.is_auth:
        fields = _with_auth_fields(fields)
        collection = collection.evolve(indexes=_with_auth_indexes(collection))
    return collection.evolve(fields=fields)


def _with_id(fields: Fields) -> Fields:
    found = by_name(fields, "id")
    if not isinstance(found, TextField):
        fresh = TextField(
            name="id", system=True, primary_key=True, required=True, min=15, max=15, pattern=LOWERCASE_ID,
            autogenerate_pattern="[a-z0-9]{15}",
        )  # fmt: skip
        return add((), fresh, *fields)
    right = found.evolve(
        system=True, required=True, primary_key=True, hidden=False, pattern=found.pattern or LOWERCASE_ID
    )
    return _put(fields, found, right)


def _put(fields: Fields, old: Field, right: Field) -> Fields:
    return tuple(right if entry is old else entry for entry in fields)


def _with_auth_fields(fields: Fields) -> Fields:
    token_key = TextField(
        name="tokenKey", system=True, hidden=True, min=30, max=60, required=True,
        autogenerate_pattern="[a-zA-Z0-9]{50}",
    )  # fmt: skip
    secret = {"system": True, "hidden": True, "required": True}
    wanted: tuple[tuple[Field, dict[str, Any]], ...] = (
        (PasswordField(name="password", system=True, hidden=True, required=True, min=8), secret),
        (token_key, secret),
        (EmailField(name="email", system=True, required=True), {"system": True, "hidden": False}),
        (BoolField(name="emailVisibility", system=True), {"system": True}),
        (BoolField(name="verified", system=True), {"system": True}),
    )
    for fresh, forced in wanted:
        found = by_name(fields, fresh.name)
        same = isinstance(found, type(fresh))
        fields = _put(fields, found, found.evolve(**forced)) if found and same else add(fields, fresh)
    return fields


def _with_auth_indexes(collection: Collection) -> tuple[str, ...]:
    out = collection.indexes
    for column, where in (("tokenKey", ""), ("email", " WHERE `email` != ''")):
        if indexes_of.single_unique(out, column) is None:
            name = f"idx_{column}_{collection.id or collection.name}"[:INDEX_NAME_CHARS_MAX]
            out = (*out, f"CREATE UNIQUE INDEX `{name}` ON `{collection.name}` (`{column}`){where}")
    return out


def with_free_id(collection: Collection, taken: Callable[[str], bool]) -> Collection:
    """A new collection's generated id made anew of its type and name, and numbered until it is free."""
    if not collection.is_new or not collection.id or collection.id != collection.generated_id:
        return collection
    base = checksum_id(collection.type, collection.name)
    fresh = base
    for number in range(2, 1000):
        if not taken(fresh):
            break
        fresh = f"{base}{number}"
    if fresh == collection.id:
        return collection
    renamed = tuple(_with_id_in_name(text, collection.id, fresh) for text in collection.indexes)
    return collection.evolve(id=fresh, indexes=renamed)


def _with_id_in_name(text: str, old: str, new_id: str) -> str:
    parsed = indexes_of.parse(text)
    if old not in parsed.name:
        return text
    return replace(parsed, name=parsed.name.replace(old, new_id)).sql()


def with_own_table(collection: Collection) -> Collection:
    """The collection with its indexes written for its own table; what is no index is left to validation."""
    return collection.evolve(indexes=tuple(_on_table(text, collection.name) for text in collection.indexes))


def _on_table(text: str, table: str) -> str:
    parsed = indexes_of.parse(text)
    return text if parsed.table == table else parsed.on(table).sql() or text

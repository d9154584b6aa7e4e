"""One record: its values, what they were, and how it is shown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pbe.query.values import RawJson
from pbe.schema import go_cast
from pbe.schema.collection import Collection
from pbe.schema.field import AUTOGENERATE, Field
from pbe.schema.field_autodate import AutodateField
from pbe.schema.field_file import Upload
from pbe.schema.field_geo_point import GeoPoint, GeoPointField
from pbe.schema.field_json import JsonText
from pbe.schema.field_password import Password
from pbe.schema.field_text import TextField
from pbe.tenant.record_shape import shape_of

_PLAIN = frozenset({str, float, int, bool, type(None)})
RandomBytes = Callable[[int], bytes]
_PLAIN = frozenset({str, int, float, bool, type(None)})


class Record:
    """A record of `collection`.

    original: the values as stored, all zero for a new one; never changed in place. expand: related records by the name
    of the relation, None where nothing was expanded. show_all: whether hidden fields are shown; hide: names of others
    that are not. email_shown: whether the e-mail is shown though its owner hid it. custom: values beside the fields.
    uploaded: names of files that were stored for it while its row is not written yet.
    """

    __slots__ = (
        "_changed",
        "collection",
        "custom",
        "email_shown",
        "expand",
        "hide",
        "is_new",
        "original",
        "show_all",
        "uploaded",
    )

    def __init__(self, collection: Collection, original: dict[str, Any], *, is_new: bool) -> None:
        self.collection = collection
        self.original = original
        self.is_new = is_new
        self._changed: dict[str, Any] = {}
        self.custom: dict[str, Any] = {}
        self.expand: dict[str, Record | list[Record]] | None = None
        self.show_all = False
        self.hide: frozenset[str] = frozenset()
        self.email_shown = False
        self.uploaded: list[str] = []

    @classmethod
    def new(cls, collection: Collection) -> "Record":
        """A record that is not stored yet."""
        return cls(collection, dict(shape_of(collection).zeros), is_new=True)

    @classmethod
    def from_row(cls, collection: Collection, row: Sequence[Any]) -> "Record":
        """The record of a row selected by `Shape.select`."""
        shape = shape_of(collection)
        values = [reader(raw) for reader, raw in zip(shape.readers, row, strict=True)]
        return cls(collection, dict(zip(shape.names, values, strict=True)), is_new=False)

    @property
    def id(self) -> str:
        """Its id, "" where it has none yet."""
        return str(self.get("id") or "")

    @property
    def stored_id(self) -> str:
        """The id that its row has."""
        return str(self.original.get("id") or "")

    @property
    def tags(self) -> tuple[str, str]:
        """What hooks about its collection are bound to."""
        return (self.collection.name, self.collection.id)

    @property
    def is_superuser(self) -> bool:
        """Whether it is one of `_superusers`."""
        return self.collection.name == "_superusers"

    def get(self, name: str) -> Any:
        """The value of a field, or of something that was set beside the fields; None where there is none."""
        if name in self._changed:
            return self._changed[name]
        if name in self.original:
            return self.original[name]
        return self.custom.get(name)

    def put(self, name: str, value: Any) -> None:
        """Set a field to a value that is cast already."""
        self._changed[name] = value

    def set(self, key: str, raw: Any, random_bytes: RandomBytes | None = None) -> Field | None:
        """Set what `key` (a field's name, perhaps with a modifier) sets, from a client's value; None for no field.

        random_bytes: for ``:autogenerate``.
        """
        found = shape_of(self.collection).setters.get(key)
        if found is None:
            field = self.collection.field(key)
            if field is not None:
                self._changed[key] = field.cast(raw)
            return field
        field, operation = found
        if operation == AUTOGENERATE and isinstance(field, TextField):
            made = field.autogenerate(random_bytes) if random_bytes is not None else ""
            self._changed[field.name] = go_cast.to_string(raw) + made
        else:
            self._changed[field.name] = field.modify(operation, self.get(field.name), raw)
        return field

    def texts(self, name: str) -> list[str]:
        """A field's value as distinct, non-empty texts."""
        return go_cast.to_unique_strings(self.get(name))

    def fresh(self) -> "Record":
        """A copy of its values, without what was expanded or set for show."""
        copy = Record(self.collection, self.original, is_new=self.is_new)
        copy._changed = dict(self._changed)
        return copy

    def resolved(self, data: Mapping[str, Any], random_bytes: RandomBytes) -> dict[str, Any]:
        """`data` with every key that has a modifier replaced by the field's resulting value; shorter keys first."""
        copy = self.fresh()
        out = dict(data)
        for key in sorted(data, key=lambda one: len(one.encode())):
            field = copy.set(key, data[key], random_bytes)
            if field is not None:
                out.pop(key, None)
                out[field.name] = copy.get(field.name)
        return out

    def stored(self) -> None:
        """Note that the values are now the stored ones."""
        self.original = {**self.original, **self._changed}
        self._changed = {}
        self.is_new = False

    def columns(self) -> dict[str, Any]:
        """The row, ready to be bound."""
        return {field.name: field.to_column(self.get(field.name)) for field in self.collection.fields}

    def changed_columns(self) -> dict[str, Any]:
        """Those of the row's values that differ from the stored ones."""
        out: dict[str, Any] = {}
        for field in self.collection.fields:
            if field.name in self._changed:
                column = field.to_column(self._changed[field.name])
                if column != field.to_column(self.original[field.name]):
                    out[field.name] = column
        return out

    def expand_with(self, found: "Mapping[str, Record | list[Record]]") -> None:
        """Merge related records into `expand`, those of records that are expanded twice too."""
        if self.expand is None:
            self.expand = {}
        for key, new in found.items():
            old = self.expand.get(key)
            self.expand[key] = new if old is None else _merged(old, new)

    def export(self) -> dict[str, Any]:
        """What a client may read, keys sorted; json fields as `JsonText`, related records as dictionaries."""
        shape = shape_of(self.collection)
        out: dict[str, Any] = {}
        for field in shape.full if self.show_all else shape.public:
            out[field.name] = field.to_json(self.get(field.name))
        if self.collection.is_auth and not self.email_shown and not self.get("emailVisibility"):
            out.pop("email", None)
        out.update(self.custom)
        out["collectionId"] = self.collection.id
        out["collectionName"] = self.collection.name
        if self.expand is not None:
            out["expand"] = {key: _exported(value) for key, value in sorted(self.expand.items())}
        for name in self.hide:
            out.pop(name, None)
        return dict(sorted(out.items()))

    def autodates(self, now: str, *, create: bool) -> None:
        """Set the dates that the server sets, unless somebody set them to something else."""
        for field in self.collection.fields:
            wanted = isinstance(field, AutodateField) and (field.on_create if create else field.on_update)
            if wanted and self.get(field.name) == self.original.get(field.name, ""):
                self._changed[field.name] = now

    def __repr__(self) -> str:
        return f"<Record {self.collection.name}/{self.id}>"


def _merged(old: "Record | list[Record]", new: "Record | list[Record]") -> "Record | list[Record]":
    if isinstance(old, Record) and isinstance(new, Record) and old.id != new.id:
        return new
    olds = list(old) if isinstance(old, list) else [old]
    by_id = {one.id: one for one in olds}
    for one in new if isinstance(new, list) else [new]:
        before = by_id.get(one.id)
        if before is None:
            olds.append(one)
        elif before is not one and one.expand:
            before.expand_with(one.expand)
    return olds if isinstance(old, list) or isinstance(new, list) else olds[0]


def _exported(value: "Record | list[Record]") -> Any:
    return value.export() if isinstance(value, Record) else [one.export() for one in value]


def rule_value(value: Any) -> Any:
    """A cast value as rules see it: JSON text stays text that paths lead into, an upload is what its JSON says."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list):
        return [rule_value(item) for item in value]
    if isinstance(value, JsonText):
        return RawJson(value)
    if isinstance(value, dict):
        return value
    if isinstance(value, Password):
        return value.plain
    if isinstance(value, GeoPoint):
        return RawJson(GeoPointField().to_column(value))
    if isinstance(value, Upload):
        return {"name": value.name, "originalName": value.original_name, "size": value.size}
    return value


def tags_of(records: Iterable[Record]) -> tuple[str, ...]:
    """The tags of records of one collection."""
    for record in records:
        return record.tags
    return ()

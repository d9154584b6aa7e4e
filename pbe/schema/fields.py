"""The fields of a collection as a list: built from JSON, each with an id of its own, later ones replacing earlier."""

from collections.abc import Iterable, Mapping
from typing import Any

from pbe.schema import bind, go_json
from pbe.schema.checksum import crc32_text
from pbe.schema.field import Field, load
from pbe.schema.field_autodate import AutodateField
from pbe.schema.field_bool import BoolField
from pbe.schema.field_date import DateField
from pbe.schema.field_editor import EditorField
from pbe.schema.field_email import EmailField
from pbe.schema.field_file import FileField
from pbe.schema.field_geo_point import GeoPointField
from pbe.schema.field_json import JSONField
from pbe.schema.field_number import NumberField
from pbe.schema.field_password import PasswordField
from pbe.schema.field_relation import RelationField
from pbe.schema.field_select import SelectField
from pbe.schema.field_text import TextField
from pbe.schema.field_url import URLField

Fields = tuple[Field, ...]
ID_TRIES_MAX = 1000
TYPES: dict[str, type[Field]] = {
    cls.type: cls
    for cls in (
        AutodateField, BoolField, DateField, EditorField, EmailField, FileField, GeoPointField, JSONField,
        NumberField, PasswordField, RelationField, SelectField, TextField, URLField,
    )
}  # fmt: skip


def load_fields(data: Any) -> Fields:
    """The fields of a JSON list; null is an empty one. `BindError` for an unknown type or an option of a wrong type."""
    if data is None:
        return ()
    if not isinstance(data, list | tuple):
        raise bind.mismatch(data, "[]core.fieldWithType", "/fields")
    return build(load_field(item, place) for place, item in enumerate(data))


def load_field(data: Any, place: int = 0) -> Field:
    """One field of its JSON; `place` is where it stands in its list, for the error."""
    holder = bind.mismatch(data, "core.fieldWithType", f"/fields/{place}").text + ": "
    try:
        cls = _class_of(data)
    except bind.BindError as error:
        raise error.inside(f"{holder}failed to unmarshal field type: ") from error
    if cls is None:
        raise bind.BindError(f"{holder}missing or unknown field type in {go_json.dumps(data)}")
    try:
        return load(cls, data)
    except bind.BindError as error:
        raise error.inside(f"{holder}failed to unmarshal field: ") from error


def _class_of(data: Any) -> type[Field] | None:
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise bind.mismatch(data, "core.onlyFieldType", "")
    return TYPES.get(bind.convert("str", data.get("type"), "/type"))


def build(fields: Iterable[Field]) -> Fields:
    """The list that adding each field in turn makes."""
    out: list[Field] = []
    for field in fields:
        _add(out, field)
    return tuple(out)


def add(fields: Fields, *more: Field) -> Fields:
    """The list with more fields added; one with the id, or without an id the name, of another takes its place."""
    out = list(fields)
    for field in more:
        _add(out, field)
    return tuple(out)


def _add(out: list[Field], field: Field) -> None:
    if field.id:
        same = next((index for index, other in enumerate(out) if other.id == field.id), None)
    else:
        same = next((index for index, other in enumerate(out) if field.name and other.name == field.name), None)
        field = field.evolve(id=out[same].id if same is not None else _free_id(out, field))
    if same is None:
        out.append(field)
    else:
        out[same] = field


def _free_id(fields: list[Field], field: Field) -> str:
    base = field.type + crc32_text(field.name)
    taken = {other.id for other in fields}
    candidate = base
    for number in range(2, ID_TRIES_MAX):
        if candidate not in taken:
            break
        candidate = f"{base}{number}"
    return candidate


def by_id(fields: Iterable[Field], field_id: str) -> Field | None:
    """The field with this id."""
    return next((field for field in fields if field.id == field_id), None)


def by_name(fields: Iterable[Field], name: str) -> Field | None:
    """The field with exactly this name."""
    return next((field for field in fields if field.name == name), None)

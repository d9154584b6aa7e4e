"""What makes a collection valid, with PocketBase's paths, codes and messages.

What only the database, the rule compiler or the provider catalogue know is asked of `Surroundings`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pbe.errors import field_error
from pbe.schema import rules
from pbe.schema.collection import RULES, TYPES, Collection
from pbe.schema.collection import new as fresh
from pbe.schema.collection_validate_auth import auth_errors
from pbe.schema.field import Entry, Field, SettingsContext, is_word, refuse_via
from pbe.schema.field_bool import BoolField
from pbe.schema.field_email import EmailField
from pbe.schema.field_password import PasswordField
from pbe.schema.field_text import TextField
from pbe.schema.index_validate import IndexNames, indexes_error
from pbe.schema.rule_validate import RuleCompiler, rule_error

Errors = dict[str, Any]
RESERVED_AUTH_NAMES = ("passwordConfirm", "oldPassword")


class Surroundings(IndexNames, RuleCompiler, Protocol):
    """What is around the collection that is checked."""

    def collection(self, name_or_id: str) -> Collection | None:
        """A stored collection."""

    def name_taken(self, name: str, except_id: str) -> bool:
        """Whether another stored collection has this name, in any case; `except_id` may be empty."""

    def id_taken(self, collection_id: str) -> bool:
        """Whether a stored collection has this id."""

    def has_table(self, name: str) -> bool:
        """Whether the database has a table or view of this name, in any case."""

    def view_error(self, query: str) -> str:
        """Why the query cannot be a view's; "" where it can."""

    def has_provider(self, name: str) -> bool:
        """Whether there is an OAuth2 provider of this name."""


def validate(new: Collection, old: Collection | None, around: Surroundings) -> Errors:
    """All errors of the collection's new state, by path; empty where it is valid. old: as stored, None for a new."""
    errors = {name: entry for name, entry in _base_errors(new, old, around).items() if entry is not None}
    if new.is_auth:
        errors |= auth_errors(new, old, around)
    elif new.is_view:
        query = rules.REQUIRED if not new.view_query else _view_entry(around.view_error(new.view_query))
        if query is not None:
            errors["viewQuery"] = query
    return errors


def _view_entry(text: str) -> Entry | None:
    return field_error("validation_invalid_view_query", f"Invalid query - {text}") if text else None


def _base_errors(new: Collection, old: Collection | None, around: Surroundings) -> dict[str, Entry | None]:
    errors: dict[str, Entry | None] = {
        "id": _id_error(new, old, around),
        "system": _system_error(new, old),
        "type": _type_error(new, old),
        "name": _name_error(new, old, around),
        "fields": _fields_error(new, old, around),
        "indexes": indexes_error(new, old, around),
    }
    for name in RULES:
        writes = name in ("createRule", "updateRule", "deleteRule")
        errors[name] = rules.first(new.rule(name), rules.nil if new.is_view and writes else None) or rule_error(
            new, old, name, around
        )
    return errors


def _id_error(new: Collection, old: Collection | None, around: Surroundings) -> Entry | None:
    if old is not None:
        same = new.id == old.id
        return rules.required(new.id) or (
            None if same else field_error("validation_values_mismatch", "Values don't match.")
        )
    free: rules.Rule = lambda value: (  # noqa: E731
        field_error("validation_invalid_or_existing_id", "The model id is invalid or already exists.")
        if around.id_taken(value)
        else None
    )
    return rules.first(new.id, rules.required, rules.length(1, 100), rules.matches(is_word), free)


def _system_error(new: Collection, old: Collection | None) -> Entry | None:
    if old is None or new.system == old.system:
        return None
    return field_error("validation_collection_system_flag_change", "System collection state cannot be changed.")


def _type_error(new: Collection, old: Collection | None) -> Entry | None:
    error = rules.first(new.type, rules.required, rules.one_of(*TYPES))
    if error is None and old is not None and new.type != old.type:
        return field_error("validation_collection_type_change", "Collection type cannot be changed.")
    return error


def _name_error(new: Collection, old: Collection | None, around: Surroundings) -> Entry | None:
    return rules.first(
        new.name, rules.required, rules.length(1, 255), refuse_via, rules.matches(is_word)
    ) or _name_conflict(new, old, around)


def _name_conflict(new: Collection, old: Collection | None, around: Surroundings) -> Entry | None:
    old_name = old.name if old is not None else ""
    if old is not None and old.system and new.name != old_name:
        return field_error("validation_collection_system_name_change", "System collection name cannot be changed.")
    if around.name_taken(new.name, old.id if old is not None else ""):
        return field_error("validation_collection_name_exists", "Collection name must be unique (case insensitive).")
    if around.id_taken(new.name):
        return field_error(
            "validation_collection_name_id_duplicate", "The name must not match an existing collection id."
        )
    if old_name != new.name and not around.name_taken(new.name, "") and around.has_table(new.name):
        return field_error(
            "validation_collection_name_invalid", "The name shouldn't match with an existing internal table."
        )
    return None


def _fields_error(new: Collection, old: Collection | None, around: Surroundings) -> Errors | None:
    """The first of the checks of fields that fails."""
    checks: list[Callable[[], Errors | None]] = [lambda: _duplicates(new), lambda: _missing(new)]
    if not new.is_view:
        checks += [lambda: _system_fields_changed(new, old), lambda: _types_changed(new, old)]
    if new.is_auth:
        checks.append(lambda: _reserved(new))
    checks.append(lambda: _settings_errors(new, old, around))
    return next((error for check in checks if (error := check())), None)


def _duplicates(new: Collection) -> Errors | None:
    ids: set[str] = set()
    names: set[str] = set()
    for number, field in enumerate(new.fields):
        if field.id in ids:
            text = f'Duplicated or invalid field id "{field.id}"'
            return {str(number): {"id": field_error("validation_duplicated_field_id", text)}}
        if field.name.lower() in names:
            text = f"Duplicated or invalid field name {field.name}"
            entry = field_error("validation_duplicated_field_name", text, {"fieldName": field.name})
            return {str(number): {"name": entry}}
        ids.add(field.id)
        names.add(field.name.lower())
    return None


_AUTH_FIELDS: tuple[tuple[str, type[Field], bool], ...] = (
    ("password", PasswordField, True),
    ("tokenKey", TextField, True),
    ("email", EmailField, False),
    ("emailVisibility", BoolField, False),
    ("verified", BoolField, False),
)


def _missing(new: Collection) -> Errors | None:
    if not new.fields:
        return rules.REQUIRED
    key = new.field("id")
    if not isinstance(key, TextField) or not key.primary_key:
        return field_error("validation_missing_primary_key", 'Missing or invalid "id" PK field.')
    for name, kind, secret in _AUTH_FIELDS if new.is_auth else ():
        field = new.field(name)
        if not isinstance(field, kind):
            return field_error(f"validation_missing_{name}_field", f'System "{name}" field is required.')
        if secret and not (field.hidden and field.system):
            text = 'The field must be marked as "System" and "Hidden".'
            return {name: field_error("validation_must_be_system_and_hidden", text)}
        if not field.system:
            return {name: field_error("validation_must_be_system", 'The field must be marked as "System".')}
    return None


def _system_fields_changed(new: Collection, old: Collection | None) -> Errors | None:
    for before in old.fields if old is not None else ():
        after = new.field_by_id(before.id)
        if before.system and (after is None or after.name != before.name):
            return field_error("validation_system_field_change", "System fields cannot be deleted or renamed.")
    return None


def _types_changed(new: Collection, old: Collection | None) -> Errors | None:
    # A new collection begins with the fields of its type, and a client's are laid over them.
    began = old if old is not None else fresh(new.type, "", lambda: "")
    return {
        str(number): field_error("validation_field_type_change", "Field type cannot be changed.")
        for number, field in enumerate(new.fields)
        if (before := began.field_by_id(field.id)) is not None and before.type != field.type
    }


def _reserved(new: Collection) -> Errors | None:
    text = "The field name is reserved and cannot be used."
    return {
        str(number): {"name": field_error("validation_reserved_field_name", text)}
        for number, field in enumerate(new.fields)
        if field.name in RESERVED_AUTH_NAMES
    }


def _settings_errors(new: Collection, old: Collection | None, around: Surroundings) -> Errors | None:
    found = {}
    for number, field in enumerate(new.fields):
        errors = field_settings_errors(field, new, old, around.collection)
        if errors:
            found[str(number)] = errors
    return found or None


def field_settings_errors(
    field: Field,
    new: Collection,
    old: Collection | None,
    lookup: Callable[[str], Collection | None],
) -> Mapping[str, Any] | None:
    """The errors of one field's options."""
    before = old.field_by_id(field.id) if old is not None else None
    context = SettingsContext(fields=new.fields, is_view=new.is_view, old=before, collection=lookup)
    return field.check_settings(context)

"""What is worth knowing of a collection for reading and writing many of its records, worked out once."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pbe.query.select import columns
from pbe.query.sql import name
from pbe.schema.collection import Collection
from pbe.schema.field import Field
from pbe.schema.field_file import FileField
from pbe.schema.field_password import PasswordField

UPDATES_MAX = 1024
_NOTE = "_record_shape"
_NEVER_SHOWN = frozenset({"password", "tokenKey"})


class Shape:
    """A collection's columns and keys.

    names: the fields in order. select: their columns as a select list of table ``t``. insert: the statement that stores
    a row of them. readers: what makes values of columns. setters: each key of a body that sets a field, with that field
    and its operation. files, passwords: the fields of these types. public, full: the fields that a client and a
    superuser may see, sorted as JSON keys are.
    """

    __slots__ = (
        "fields",
        "files",
        "full",
        "insert",
        "names",
        "passwords",
        "public",
        "readers",
        "select",
        "setters",
        "zeros",
    )

    def __init__(self, collection: Collection) -> None:
        self.fields: tuple[Field, ...] = collection.fields
        self.names = tuple(field.name for field in self.fields)
        self.select = columns(self.names)
        marks = ", ".join("?" * len(self.names))
        self.insert = f"INSERT INTO {name(collection.name)} ({', '.join(map(name, self.names))}) VALUES ({marks})"
        self.readers: tuple[Callable[[Any], Any], ...] = tuple(field.from_column for field in self.fields)
        self.setters: dict[str, tuple[Field, str]] = {}
        for field in self.fields:
            for key, operation in field.modifiers().items():
                self.setters.setdefault(key, (field, operation))
        self.zeros = {field.name: field.zero() for field in self.fields}
        self.files = tuple(field for field in self.fields if isinstance(field, FileField))
        self.passwords = tuple(field for field in self.fields if isinstance(field, PasswordField))
        hidden_always = _NEVER_SHOWN if collection.is_auth else frozenset()
        shown = sorted((field for field in self.fields if field.name not in hidden_always), key=lambda one: one.name)
        self.full = tuple(shown)
        self.public = tuple(field for field in shown if not field.hidden)


def shape_of(collection: Collection) -> Shape:
    """The collection's shape; kept with the collection, which never changes."""
    found = collection.__dict__.get(_NOTE)
    if found is None:
        found = collection.__dict__[_NOTE] = Shape(collection)
    return found


@lru_cache(UPDATES_MAX)
def update_of(table: str, columns_: tuple[str, ...]) -> str:
    """The statement that sets these columns of the row whose id is bound last."""
    pairs = ", ".join(f"{name(column)} = ?" for column in columns_)
    return f"UPDATE {name(table)} SET {pairs} WHERE id = ?"

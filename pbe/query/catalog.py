"""What the compiler must know of collections and of a request. `schema` and `tenant` satisfy these by shape."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class FieldLike(Protocol):
    """A field of a collection."""

    @property
    def name(self) -> str:
        """Its name, also its column's."""

    @property
    def type(self) -> str:
        """One of PocketBase's field types."""

    @property
    def hidden(self) -> bool:
        """Whether only superusers may see and filter it."""


class CollectionLike(Protocol):
    """A collection."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """Its name, also its table's."""

    @property
    def type(self) -> str:
        """base, auth or view."""

    def field(self, name: str) -> FieldLike | None:
        """The field with exactly this name."""

    @property
    def indexes(self) -> Sequence[str]:
        """Its CREATE INDEX statements."""

    @property
    def list_rule(self) -> str | None:
        """Who may list its records; None for superusers only."""


class Catalog(Protocol):
    """The collections of one tenant."""

    def collection(self, name_or_id: str) -> CollectionLike | None:
        """The collection of that id, or of that name in any case."""


class AuthLike(Protocol):
    """The record that a request is made as."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def collection(self) -> CollectionLike:
        """Its collection."""

    def get(self, name: str) -> Any:
        """The value of a field, hidden or not."""


class RequestLike(Protocol):
    """What rules may know of a request."""

    @property
    def context(self) -> str:
        """default, expand, realtime, protectedFile, batch, oauth2, otp or password."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def query(self) -> Mapping[str, str]:
        """The first value of each query parameter."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The first value of each header, names in snake_case."""

    @property
    def body(self) -> Mapping[str, Any]:
        """The data sent, modifiers resolved."""

    @property
    def auth(self) -> AuthLike | None:
        """Who is asking."""


MULTI_VALUED = frozenset({"select", "file", "relation"})


def is_multiple(field: FieldLike) -> bool:
    """Whether its column holds a list."""
    return field.type in MULTI_VALUED and int(getattr(field, "max_select", 0) or 0) > 1


def related_id(field: FieldLike) -> str:
    """The id of the collection that a relation field points to."""
    return str(getattr(field, "collection_id", ""))

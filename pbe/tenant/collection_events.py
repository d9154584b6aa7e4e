"""The events that collections cause, named as PocketBase names them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pbe.schema.collection import Collection
from pbe.tenant.pipeline import Event
from pbe.tenant.request_info import RequestInfo

if TYPE_CHECKING:
    from pbe.tenant.unit import Unit


def tags_of(collection: Collection) -> tuple[str, ...]:
    """What handlers for some collections only are bound to."""
    return (collection.id, collection.name)


class CollectionEvent(Event):
    """A collection is validated, created, updated or deleted; a handler may put another version of it in its place."""

    __slots__ = ("collection", "unit")

    def __init__(self, name: str, collection: Collection, unit: "Unit") -> None:
        super().__init__(name, tags_of(collection))
        self.collection = collection
        self.unit = unit


class CollectionErrorEvent(CollectionEvent):
    """The action failed, or its transaction did."""

    __slots__ = ("error",)

    def __init__(self, name: str, collection: Collection, unit: "Unit", error: BaseException) -> None:
        super().__init__(name, collection, unit)
        self.error = error


class CollectionRequestEvent(Event):
    """A client asks for something to be done with a collection."""

    __slots__ = ("collection", "info")

    def __init__(self, name: str, info: RequestInfo, collection: Collection) -> None:
        super().__init__(name, tags_of(collection))
        self.collection = collection
        self.info = info


class CollectionsListRequestEvent(Event):
    """A client lists collections; `result` is the answer."""

    __slots__ = ("collections", "info", "result")

    def __init__(self, info: RequestInfo, collections: Sequence[Collection], result: dict[str, Any]) -> None:
        super().__init__("onCollectionsListRequest")
        self.info = info
        self.collections = collections
        self.result = result


class CollectionsImportRequestEvent(Event):
    """A client imports collections; a handler may change the data."""

    __slots__ = ("collections_data", "delete_missing", "info")

    def __init__(self, info: RequestInfo, collections_data: list[dict[str, Any]], delete_missing: bool) -> None:
        super().__init__("onCollectionsImportRequest")
        self.info = info
        self.collections_data = collections_data
        self.delete_missing = delete_missing

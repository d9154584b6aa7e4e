"""The events that records cause, named as PocketBase names them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pbe.schema.collection import Collection
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.request_info import RequestInfo

if TYPE_CHECKING:
    from pbe.tenant.unit import Unit

_SAVE = ("Validate", "Create", "CreateExecute", "Update", "UpdateExecute", "Delete", "DeleteExecute")
#: Events around a write, whose handlers run while its transaction is open.
WRITING = {
    "Create": ("Validate", "Create", "CreateExecute"),
    "Update": ("Validate", "Update", "UpdateExecute"),
    "Delete": ("Delete", "DeleteExecute"),
}


def names_of(actions: Sequence[str]) -> tuple[str, ...]:
    """The record and model events of these actions."""
    return tuple(f"on{kind}{action}" for action in actions for kind in ("Record", "Model"))


WRITING_NAMES = {action: names_of(actions) for action, actions in WRITING.items()}
ALL_WRITING_NAMES = names_of(_SAVE)


class RecordEvent(Event):
    """A record is validated, created, updated or deleted. `unit` is what to read and write through."""

    __slots__ = ("record", "unit")

    def __init__(self, name: str, record: Record, unit: "Unit") -> None:
        super().__init__(name, record.tags)
        self.record = record
        self.unit = unit


class RecordErrorEvent(RecordEvent):
    """The action failed, or its transaction did."""

    __slots__ = ("error",)

    def __init__(self, name: str, record: Record, unit: "Unit", error: BaseException) -> None:
        super().__init__(name, record, unit)
        self.error = error


class RecordRequestEvent(Event):
    """A client asks for something to be done with a record."""

    __slots__ = ("collection", "info", "record", "unit")

    def __init__(self, name: str, info: RequestInfo, record: Record, unit: "Unit") -> None:
        super().__init__(name, record.tags)
        self.collection = record.collection
        self.info = info
        self.record = record
        self.unit = unit


class RecordsListRequestEvent(Event):
    """A client lists records; `result` is the answer without its items."""

    __slots__ = ("collection", "info", "records", "result", "unit")

    def __init__(
        self, info: RequestInfo, collection: Collection, records: list[Record], result: dict[str, Any], unit: "Unit"
    ) -> None:
        super().__init__("onRecordsListRequest", (collection.name, collection.id))
        self.collection = collection
        self.info = info
        self.records = records
        self.result = result
        self.unit = unit


class RecordEnrichEvent(Event):
    """A record is about to be shown to somebody."""

    __slots__ = ("info", "record")

    def __init__(self, info: RequestInfo, record: Record) -> None:
        super().__init__("onRecordEnrich", record.tags)
        self.info = info
        self.record = record


class BatchRequestEvent(Event):
    """A client sends several requests at once; `batch` may be changed."""

    __slots__ = ("batch", "info")

    def __init__(self, info: RequestInfo, batch: list[Any]) -> None:
        super().__init__("onBatchRequest")
        self.info = info
        self.batch = batch

"""The events around what clients do with records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import BadRequest
from pbe.schema.field_number import NumberField
from pbe.schema.field_relation import RelationField
from pbe.schema.field_text import TextField
from pbe.tenant.pipeline import Event
from tests.kit.record_site import RecordSite

NOTES = "/api/collections/notes/records"
ACTIONS = ("Create", "Update", "Delete")
EVENTS = [
    "onRecordsListRequest",
    *(f"onRecord{action}Request" for action in ("View", *ACTIONS)),
    "onRecordEnrich",
    *(
        f"on{kind}{name}"
        for kind in ("Record", "Model")
        for name in (
            "Validate",
            *(f"{action}{stage}" for action in ACTIONS for stage in ("", "Execute")),
            *(f"After{action}{outcome}" for action in ACTIONS for outcome in ("Success", "Error")),
        )
    ),
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RecordSite]:
    """Notes, and lines that go with them."""
    made = RecordSite(tmp_path)
    notes = made.collection("notes", TextField(name="text", min=2), NumberField(name="n"))
    made.collection("lines", RelationField(name="note", collection_id=notes.id, cascade_delete=True))
    yield made
    made.close()


def watch(site: RecordSite, *, suspends: bool = False) -> list[str]:
    """The names of the events as they happen, outermost first; "/" marks what begins after the commit."""
    log: list[str] = []

    async def note(event: Event) -> None:
        log.append(f"{event.name}:{event.tags[0]}" if event.tags and event.tags[0] != "notes" else event.name)
        await event.next()

    for name in EVENTS:
        site.tenant.pipeline.bind(name, named(name, note), suspends=suspends)
    return log


def named(name: str, note: Any) -> Any:
    """`note` under the name that it was bound to: the record's chain goes on as the model's."""

    async def handler(event: Event) -> None:
        shown, event.name = event.name, name
        await note(event)
        event.name = shown

    return handler


@pytest.mark.parametrize("suspends", [False, True])
def test_a_create_goes_through_its_events(site: RecordSite, suspends: bool) -> None:
    """Request, create, validate, execute, success, enrich; the record's before the model's."""
    log = watch(site, suspends=suspends)
    assert site.ask("POST", NOTES, {"text": "one"}).status == 200
    assert log == [
        "onRecordCreateRequest",
        "onRecordCreate",
        "onModelCreate",
        "onRecordValidate",
        "onModelValidate",
        "onRecordCreateExecute",
        "onModelCreateExecute",
        "onRecordAfterCreateSuccess",
        "onModelAfterCreateSuccess",
        "onRecordEnrich",
    ]


def test_a_failed_create_has_no_success(site: RecordSite) -> None:
    """What validation refuses ends in the error events; nothing is executed."""
    log = watch(site)
    assert site.ask("POST", NOTES, {"text": "x"}).status == 400
    assert log[-2:] == ["onRecordAfterCreateError", "onModelAfterCreateError"]
    assert "onRecordCreateExecute" not in log


def test_updates_and_deletes_have_theirs(site: RecordSite) -> None:
    """A delete takes along what depends on it, inside its own execution."""
    made = site.ask("POST", NOTES, {"text": "one"}).json["id"]
    site.ask("POST", "/api/collections/lines/records", {"note": made})
    log = watch(site)
    site.ask("PATCH", f"{NOTES}/{made}", {"n": 2})
    assert [name for name in log if name.startswith("onRecord")] == [
        "onRecordUpdateRequest", "onRecordUpdate", "onRecordValidate", "onRecordUpdateExecute",
        "onRecordAfterUpdateSuccess", "onRecordEnrich",
    ]  # fmt: skip
    log.clear()
    assert site.ask("DELETE", f"{NOTES}/{made}").status == 204
    assert [name for name in log if name.startswith("onRecord")] == [
        "onRecordDeleteRequest", "onRecordDelete", "onRecordDeleteExecute",
        "onRecordDelete:lines", "onRecordDeleteExecute:lines",
        "onRecordAfterDeleteSuccess:lines", "onRecordAfterDeleteSuccess",
    ]  # fmt: skip


def test_reads_have_theirs(site: RecordSite) -> None:
    """A view and a list are requests too, each record is enriched."""
    made = [site.ask("POST", NOTES, {"text": f"n{number}"}).json["id"] for number in range(2)]
    log = watch(site)
    site.ask("GET", f"{NOTES}/{made[0]}")
    site.ask("GET", NOTES)
    assert log == [
        "onRecordViewRequest", "onRecordEnrich", "onRecordsListRequest", "onRecordEnrich", "onRecordEnrich",
    ]  # fmt: skip


def test_a_handler_changes_what_is_stored(site: RecordSite) -> None:
    """What a handler sets before it goes on is validated and written."""

    async def double(event: Any) -> None:
        event.record.set("n", event.record.get("n") * 2)
        await event.next()

    site.tenant.pipeline.bind("onRecordCreate", double, tags=["notes"])
    assert site.ask("POST", NOTES, {"text": "one", "n": 21}).json["n"] == 42


def test_a_handler_refuses(site: RecordSite) -> None:
    """What a handler raises is the answer, and what was written is taken back."""

    async def refuse(event: Any) -> None:
        await event.next()
        raise BadRequest("Not today.", {"text": {"code": "no", "message": "No."}})

    site.tenant.pipeline.bind("onRecordCreateExecute", refuse)
    answer = site.ask("POST", NOTES, {"text": "one"})
    assert (answer.status, answer.json["message"]) == (400, "Not today.")
    site.tenant.pipeline.unbind("h1")
    assert site.ask("GET", NOTES).json["totalItems"] == 0


def test_a_handler_that_does_not_go_on_writes_nothing(site: RecordSite) -> None:
    """Without `next` there is no row, and no answer but the record as it is."""

    async def stop(_: Event) -> None:
        return

    site.tenant.pipeline.bind("onModelCreateExecute", stop)
    assert site.ask("POST", NOTES, {"text": "one"}).status == 200
    assert site.ask("GET", NOTES).json["totalItems"] == 0


def test_a_slow_handler_holds_writes_and_not_reads(site: RecordSite) -> None:
    """While it waits its transaction is open: this tenant's other writes queue, reads go on."""
    gate: Deferred[None] = Deferred()

    async def wait(event: Any) -> None:
        if event.record.get("text") == "slow":
            await gate
        await event.next()

    site.tenant.pipeline.bind("onRecordCreateExecute", wait)
    slow = site.start("POST", NOTES, {"text": "slow"})
    quick = site.start("POST", NOTES, {"text": "quick"})
    site.turn()
    assert not slow.called
    assert not quick.called
    assert site.ask("GET", NOTES).json["totalItems"] == 0
    gate.callback(None)
    site.turn()
    assert slow.called
    assert quick.called
    assert [item["text"] for item in site.ask("GET", f"{NOTES}?sort=@rowid").json["items"]] == ["slow", "quick"]


def test_a_handler_that_waits_for_ever_is_given_up(site: RecordSite) -> None:
    """After the writer's deadline the transaction is undone and the next write runs."""

    async def wait(event: Any) -> None:
        if event.record.get("text") == "slow":
            await Deferred()
        await event.next()

    site.tenant.pipeline.bind("onRecordCreateExecute", wait)
    slow = site.start("POST", NOTES, {"text": "slow"})
    site.turn()
    site.clock.pump([1] * 40)
    site.turn()
    assert slow.called
    assert slow.result.status == 503
    assert site.ask("POST", NOTES, {"text": "next"}).status == 200
    assert site.ask("GET", NOTES).json["totalItems"] == 1

"""Batches of record requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbe.api.tenant import batch
from pbe.schema.field_number import NumberField
from pbe.schema.field_text import TextField
from pbe.tenant.settings import Settings
from pbe.tenant.settings_store import use
from tests.kit.record_site import Answer, RecordSite

NOTES = "/api/collections/notes/records"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RecordSite]:
    """Notes, and batches of up to four."""
    made = RecordSite(tmp_path, batch.routes)
    allow(made, enabled=True, maxRequests=4)
    made.collection("notes", TextField(name="text", min=2), NumberField(name="n"), create_rule="n < 10")
    yield made
    made.close()


def allow(site: RecordSite, **changes: Any) -> None:
    """Change the batch settings."""
    document = dict(Settings.default().document)
    document["batch"] = document["batch"] | changes
    site.tenant.settings = Settings(document)


def send(site: RecordSite, *requests: Any, **options: Any) -> Answer:
    """A batch; each request is (method, url, body)."""
    listed = [{"method": method, "url": url, "body": body} for method, url, body in requests]
    return site.ask("POST", "/api/batch", {"requests": listed}, **options)


def test_all_or_nothing(site: RecordSite) -> None:
    """Three requests in one transaction; a failing one takes the others back and is told by its position."""
    good = send(site, ("POST", NOTES, {"text": "one", "n": 1}), ("POST", f"{NOTES}?fields=n", {"text": "two", "n": 2}))
    assert good.status == 200
    assert [one["status"] for one in good.json] == [200, 200]
    assert good.json[1]["body"] == {"n": 2}
    first = good.json[0]["body"]["id"]
    change, delete = ("PATCH", f"{NOTES}/{first}", {"n+": 5}), ("DELETE", f"{NOTES}/{first}", {})
    bad = send(site, change, delete, ("POST", NOTES, {"text": "x"}))
    assert (bad.status, bad.json["message"]) == (400, "Batch transaction failed.")
    entry = bad.json["data"]["requests"]["2"]
    assert (entry["code"], entry["response"]["message"]) == ("batch_request_failed", "Failed to create record.")
    assert site.ask("GET", f"{NOTES}/{first}").json["n"] == 1
    done = send(site, change, delete)
    assert done.json == [done.json[0], {"body": None, "status": 204}]
    assert site.ask("GET", NOTES).json["totalItems"] == 1


def test_each_request_has_its_rule(site: RecordSite) -> None:
    """The create rule refuses the second of two."""
    answer = send(site, ("POST", NOTES, {"text": "ok", "n": 1}), ("POST", NOTES, {"text": "no", "n": 11}))
    assert set(answer.json["data"]["requests"]) == {"1"}
    assert site.ask("GET", NOTES).json["totalItems"] == 0


def test_put_creates_or_updates(site: RecordSite) -> None:
    """An upsert looks for the record with the id in the body."""
    body = {"id": "a" * 15, "text": "up", "n": 1}
    assert send(site, ("PUT", NOTES, body), ("PUT", NOTES, body | {"n": 2})).json[1]["body"]["n"] == 2
    assert send(site, ("PUT", NOTES, {"text": "other"})).json[0]["body"]["id"] != "a" * 15
    assert site.ask("GET", NOTES).json["totalItems"] == 2


def test_a_later_request_sees_the_earlier(site: RecordSite) -> None:
    """What one request wrote, the next can change."""
    body = {"id": "b" * 15, "text": "up"}
    assert send(site, ("POST", NOTES, body), ("PATCH", f"{NOTES}/{'b' * 15}", {"n": 3})).status == 200


@pytest.mark.parametrize(
    "method_url", ["GET {}", "POST /api/batch", "PATCH {}", "POST {}/x/y", "POST http://h{}", "DELETE {}"]
)
def test_other_requests_fail(site: RecordSite, method_url: str) -> None:
    """Only record creates, updates, upserts and deletes are known."""
    method, _, url = method_url.partition(" ")
    answer = send(site, (method, url.format(NOTES), {}))
    assert answer.status == 400
    assert answer.json["data"]["requests"]["0"]["response"]["status"] == 400


def test_wrong_batches_are_refused(site: RecordSite) -> None:
    """No requests, too many, and what is none."""
    assert site.ask("POST", "/api/batch", {}).json["data"]["requests"]["code"] == "validation_required"
    assert send(site, *[("POST", NOTES, {})] * 5).json["data"]["requests"]["code"] == "validation_length_too_long"
    wrong = send(site, ("OPTIONS", "", {})).json["data"]["requests"]["0"]
    assert set(wrong) == {"method", "url"}
    for body in ({"requests": 1}, {"requests": ["x"]}, {"requests": [{"method": 1}]}, {"requests": [{"body": []}]}):
        answer = site.ask("POST", "/api/batch", body)
        assert (answer.status, answer.json["message"]) == (400, "Failed to read the submitted batch data.")
    assert site.ask("POST", "/api/batch", {"requests": [None]}).status == 500


def test_batches_can_be_off(site: RecordSite) -> None:
    """Off by default, and with no requests allowed."""
    for changes in ({"enabled": False}, {"enabled": True, "maxRequests": 0}):
        allow(site, **changes)
        answer = send(site, ("POST", NOTES, {}))
        assert (answer.status, answer.json["message"]) == (403, "Batch requests are not allowed.")


def test_hooks_run_inside_the_transaction(site: RecordSite) -> None:
    """A success hook runs after the commit, and not at all for a batch that failed."""
    seen: list[str] = []

    async def after(event: Any) -> None:
        seen.append(event.record.get("text"))
        await event.next()

    site.tenant.pipeline.bind("onRecordAfterCreateSuccess", after, tags=["notes"])
    send(site, ("POST", NOTES, {"text": "one"}), ("POST", NOTES, {"text": "x"}))
    assert seen == []
    send(site, ("POST", NOTES, {"text": "one"}), ("POST", NOTES, {"text": "two"}))
    assert seen == ["one", "two"]


def test_each_request_counts_against_the_rates(site: RecordSite) -> None:
    """The third create within the window is refused as it would be alone, and the batch with it."""
    document = dict(site.tenant.settings.document)
    rule = {"label": "notes:create", "audience": "", "duration": 60, "maxRequests": 2}
    document["rateLimits"] = document["rateLimits"] | {"enabled": True, "rules": [rule]}
    use(site.tenant, Settings(document))
    answer = send(site, *[("POST", NOTES, {"text": "one"})] * 3)
    assert answer.json["data"]["requests"]["2"]["response"]["status"] == 429
    assert site.ask("GET", NOTES).json["totalItems"] == 0

"""The short way from rows to JSON gives what the long way gives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe.schema.field_autodate import AutodateField
from pbe.schema.field_bool import BoolField
from pbe.schema.field_date import DateField
from pbe.schema.field_editor import EditorField
from pbe.schema.field_email import EmailField
from pbe.schema.field_file import FileField
from pbe.schema.field_geo_point import GeoPointField
from pbe.schema.field_json import JSONField
from pbe.schema.field_number import NumberField
from pbe.schema.field_relation import RelationField
from pbe.schema.field_select import SelectField
from pbe.schema.field_text import TextField
from pbe.schema.field_url import URLField
from pbe.storage.sqlite import Transaction
from pbe.tenant.pipeline import Event
from tests.kit.record_site import RecordSite

FIELDS = (
    TextField(name="text"),
    TextField(name="hush", hidden=True),
    EditorField(name="editor"),
    EmailField(name="mail"),
    URLField(name="url"),
    NumberField(name="number"),
    BoolField(name="flag"),
    DateField(name="date"),
    AutodateField(name="auto", on_create=True),
    SelectField(name="one", values=("a", "b")),
    SelectField(name="many", values=("a", "b", "c"), max_select=3),
    FileField(name="file"),
    FileField(name="files", max_select=4),
    JSONField(name="data"),
    GeoPointField(name="point"),
)
VALUES = (
    st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([0, 1, 2, "", "null", "true", "[", '["a"]', '["a","b"]', '[1,"x"]', '{"lon":1,"lat":2}', "{}"])
    | st.sampled_from(["2024-01-31 10:00:00.000Z", "2024-02-30 10:00:00.000Z", "2024-01-31", "1e5", " 7 ", '"x"'])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordSite]:
    """A collection with every field that a row can show, and users."""
    made = RecordSite(tmp_path_factory.mktemp("rows"))
    made.collection("all", *FIELDS)
    made.collection("people", TextField(name="name"), kind="auth")
    yield made
    made.close()


def store(site: RecordSite, table: str, row: dict[str, Any]) -> None:
    """A row as SQL puts it, whatever its values."""

    async def work(tx: Transaction) -> None:
        names = ", ".join(f'"{name}"' for name in row)
        tx.execute(f'DELETE FROM "{table}"')
        tx.execute(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row))})', tuple(row.values()))

    site.run(site.tenant.data.write(work))


def both_ways(site: RecordSite, target: str, auth: Any = None) -> tuple[Any, Any]:
    """The answer as it is given, and as it is given when a hook wants to see each record."""

    async def look(event: Event) -> None:
        await event.next()

    short = site.ask("GET", target, auth=auth)
    site.tenant.pipeline.bind("onRecordEnrich", look, handler_id="look")
    long = site.ask("GET", target, auth=auth)
    site.tenant.pipeline.unbind("look")
    return (short.status, parsed(short.body)), (long.status, parsed(long.body))


def parsed(body: bytes) -> Any:
    """As a client reads it: every number is a double."""
    return json.loads(body, parse_int=float)


@settings(deadline=None)
@given(st.fixed_dictionaries({field.name: VALUES for field in FIELDS}))
def test_whatever_a_row_holds_it_is_shown_the_same(site: RecordSite, row: dict[str, Any]) -> None:
    """Values of every storage class in every type of field, in a list and alone."""
    store(site, "all", row | {"id": "abc"})
    for target in ("/api/collections/all/records", "/api/collections/all/records/abc"):
        short, long = both_ways(site, target)
        assert short == long
        assert short[0] == 200


@pytest.mark.parametrize("visible", [0, 1])
@pytest.mark.parametrize("who", ["guest", "owner", "root"])
def test_an_email_is_shown_to_the_same_people(site: RecordSite, visible: int, who: str) -> None:
    """Its owner, superusers, and everybody where its owner wants that."""
    row = {"id": "me", "email": "me@x.co", "emailVisibility": visible, "verified": 1, "name": "Me"}
    store(site, "people", row | {"tokenKey": "t" * 50, "password": "x"})
    auth = {"guest": None, "owner": site.record("people", "me"), "root": None}[who]
    if who == "root":
        found = site.tenant.catalog.collection("_superusers")
        assert found is not None
        auth = site.superuser() if not site.run(site.tenant.data.query("SELECT 1 FROM _superusers")) else None
        auth = auth or site.record("_superusers", site.run(site.tenant.data.query("SELECT id FROM _superusers"))[0][0])
    for target in ("/api/collections/people/records", "/api/collections/people/records/me"):
        short, long = both_ways(site, target, auth)
        assert short == long
        shown = short[1]["items"][0] if "items" in short[1] else short[1]
        assert ("email" in shown) == (visible == 1 or who != "guest")
        assert "password" not in shown
        assert "tokenKey" not in shown


def test_what_is_not_there_is_not_found(site: RecordSite) -> None:
    """The same refusals both ways, under a rule and without one."""
    for rule in ("", "id = 'nobody'", "nope = 1"):
        site.rules("all", view_rule=rule, list_rule=rule)
        store(site, "all", {"id": "abc"})
        for target in ("/api/collections/all/records", "/api/collections/all/records/abc"):
            short, long = both_ways(site, target)
            assert short == long
    site.rules("all", view_rule="", list_rule="")
    short, long = both_ways(site, "/api/collections/all/records/nope")
    assert short == long
    assert short[0] == 404


def test_the_short_way_is_taken(site: RecordSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without hooks no record is made of a row."""
    store(site, "all", {"id": "abc"})
    monkeypatch.setattr("pbe.tenant.record.Record.from_row", None)
    assert site.ask("GET", "/api/collections/all/records").ids == ["abc"]
    assert site.ask("GET", "/api/collections/all/records/abc").json["id"] == "abc"


EXPANDS = [
    "rel", "rels", "rel,rels", "rel.rel,rel.rels", "rels.rel.rels.rel.rels.rel.rels", "nosuch", "rel.nosuch,rels", "",
    ",", "person", "person,rel.person", "all_via_rel", "rel.all_via_rel", " rel , rels. ",
]  # fmt: skip
PICKS = [
    "id",
    "*",
    "nosuch",
    "title,id",
    "collectionId,title",
    "title:excerpt(1)",
    "expand.rel.title,id",
    "email",
    "id,,n",
    "*,id",
]


@pytest.fixture(scope="module")
def related(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordSite]:
    """Records that point to one another and to people."""
    made = RecordSite(tmp_path_factory.mktemp("related"))
    people = made.collection("people", TextField(name="name"), kind="auth")
    bare = made.collection("all", TextField(name="title"))
    rel = RelationField(name="rel", id="rel", collection_id=bare.id)
    rels = RelationField(name="rels", id="rels", collection_id=bare.id, max_select=5)
    person = RelationField(name="person", id="person", collection_id=people.id)
    made.rules("all", fields=(*bare.fields, rel, rels, person))

    async def work(tx: Transaction) -> None:
        tx.execute("ALTER TABLE \"all\" ADD COLUMN rel TEXT DEFAULT ''")
        tx.execute("ALTER TABLE \"all\" ADD COLUMN rels JSON DEFAULT '[]'")
        tx.execute("ALTER TABLE \"all\" ADD COLUMN person TEXT DEFAULT ''")
        for number, (one, several, who) in enumerate(
            [("", "[]", ""), ("a0", '["a0"]', "u1"), ("a1", '["a1","a0","nope"]', "u2"), ("nope", "", "nope")]
        ):
            row = (f"a{number}", f"t{number}", one, several, who)
            tx.execute('INSERT INTO "all" (id, title, rel, rels, person) VALUES (?, ?, ?, ?, ?)', row)
        for who, visible in (("u1", 1), ("u2", 0)):
            row = (who, who, f"{who}@x.co", visible, who * 20)
            tx.execute("INSERT INTO people (id, name, email, emailVisibility, tokenKey) VALUES (?, ?, ?, ?, ?)", row)

    made.run(made.tenant.data.write(work))
    yield made
    made.close()


@pytest.mark.parametrize("expand", EXPANDS)
@pytest.mark.parametrize("rule", ["", "title != 't0'", "rel != @request.auth.id && title != 't1'", None, "nope = 1"])
def test_expanded_rows_are_expanded_records(related: RecordSite, expand: str, rule: str | None) -> None:
    """Whatever is expanded, under whatever view rule, for a guest, a user and a list or a view."""
    related.rules("all", view_rule=rule)
    for target in ("/api/collections/all/records?sort=id&", "/api/collections/people/records?sort=id&"):
        for auth in (None, related.record("people", "u1")):
            short, long = both_ways(related, f"{target}expand={quote(expand)}", auth)
            assert short == long
    related.rules("all", view_rule="")
    short, long = both_ways(related, f"/api/collections/all/records/a2?expand={quote(expand)}")
    assert short == long
    assert short[0] == 200


@pytest.mark.parametrize("pick", PICKS)
def test_picked_rows_are_picked_records(related: RecordSite, pick: str) -> None:
    """Whatever keys are picked, of a list and a view, of records with and without an e-mail."""
    for target in ("all/records?sort=id&", "all/records/a1?", "people/records?sort=id&", "people/records/u1?"):
        for expand in ("", "&expand=rel"):
            short, long = both_ways(related, f"/api/collections/{target}fields={quote(pick)}{expand}")
            assert short == long


def test_the_short_way_is_taken_for_relations(related: RecordSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither expanding nor picking makes a record."""
    monkeypatch.setattr("pbe.tenant.record.Record.from_row", None)
    shown = related.ask("GET", "/api/collections/all/records/a2?expand=rel.rel,rels").json
    assert shown["expand"]["rel"]["expand"]["rel"]["id"] == "a0"
    assert [one["id"] for one in shown["expand"]["rels"]] == ["a1", "a0"]
    assert related.ask("GET", "/api/collections/all/records/a2?fields=title").json == {"title": "t2"}

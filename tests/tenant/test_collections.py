"""Collections of a tenant: created, changed with their tables, deleted, emptied."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pbe.errors import NotFound
from pbe.tenant import collection_actions as actions
from pbe.tenant.collection_import import import_collections
from tests.kit.collection_world import INFO, TITLE, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh tenant, closed in the end."""
    made = World(tmp_path)
    yield made
    made.run(made.tenant.close())


def columns(world: World, table: str) -> list[str]:
    """The names of a table's columns."""
    return [str(row[1]) for row in world.sql(f"PRAGMA table_info(`{table}`)")]


def test_a_created_collection_has_a_table_and_is_known(world: World) -> None:
    """Its columns stand in the order of their names."""
    made = world.create(name="posts", fields=[TITLE, {"type": "number", "name": "n"}])
    assert columns(world, "posts") == ["id", "n", "title"]
    assert world.tenant.catalog.collection("POSTS") == made
    assert not made.is_new


def test_an_invalid_collection_changes_nothing(world: World) -> None:
    """Errors come by path, and nothing is stored."""
    error = world.refused(actions.create(world.tenant, INFO, {"name": "a-b", "fields": [{"type": "text", "name": ""}]}))
    assert error.message == "Failed to create collection."
    assert error.data["name"]["code"] == "validation_match_invalid"
    assert error.data["fields"]["1"]["name"]["code"] == "validation_required"
    assert world.tenant.catalog.collection("a-b") is None


def test_fields_are_renamed_dropped_added_and_swapped(world: World) -> None:
    """By their ids; values follow their field."""
    world.create(
        name="p",
        fields=[
            {**TITLE, "id": "a"},
            {"type": "text", "name": "b", "id": "b"},
            {"type": "text", "name": "c", "id": "c"},
        ],
    )
    world.write("INSERT INTO p (id, title, b, c) VALUES ('1', 'A', 'B', 'C')")
    world.update(
        "p",
        fields=[
            {"type": "text", "name": "b", "id": "a"},
            {"type": "text", "name": "title", "id": "b"},
            {"type": "bool", "name": "d"},
        ],
    )
    assert sorted(columns(world, "p")) == ["b", "d", "id", "title"]
    assert world.sql("SELECT b, title, d FROM p") == [("A", "B", 0)]


def test_single_values_become_lists_and_back(world: World) -> None:
    """The last of several stays."""
    field = {"type": "select", "name": "s", "id": "s", "values": ["x", "y", "z"]}
    world.create(name="p", fields=[field])
    world.create(name="v", type="view", viewQuery="SELECT id, s FROM p")
    world.write("INSERT INTO p (id, s) VALUES ('1', 'x'), ('2', '')")
    world.update("p", fields=[{**field, "maxSelect": 3}])
    assert world.sql("SELECT s FROM p ORDER BY id") == [('["x"]',), ("[]",)]
    world.write("UPDATE p SET s = '[\"x\",\"z\"]' WHERE id = '1'")
    world.update("p", fields=[field])
    assert world.sql("SELECT s FROM p ORDER BY id") == [("z",), ("",)]
    assert world.sql("SELECT s FROM v ORDER BY id") == [("z",), ("",)]


def test_a_renamed_collection_keeps_rows_and_indexes(world: World) -> None:
    """The table and the text of its indexes follow the name."""
    world.create(name="p", fields=[TITLE], indexes=["create unique index i on p (title)"])
    world.write("INSERT INTO p (id, title) VALUES ('1', 'A')")
    made = world.update("p", name="q")
    assert made.indexes == ("CREATE UNIQUE INDEX `i` ON `q` (`title`)",)
    assert world.sql("SELECT title FROM q") == [("A",)]
    assert world.sql("SELECT tbl_name FROM sqlite_master WHERE name = 'i'") == [("q",)]


def test_an_index_that_cannot_be_made_says_where_and_why(world: World) -> None:
    """In the words of the stock server's driver; the old state stays."""
    world.create(name="p", fields=[TITLE])
    error = world.refused(actions.update(world.tenant, INFO, "p", {"indexes": ["CREATE INDEX x ON p (nope)"]}))
    assert error.data["indexes"]["0"]["message"] == (
        "Failed to create index x - SQL logic error: no such column: nope (1)."
    )
    found = world.tenant.catalog.collection("p")
    assert found is not None
    assert found.indexes == ()


def test_views_have_the_fields_of_their_query(world: World) -> None:
    """Copied from the collections they select from, or of the expression's kind."""
    made = world.create(name="p", fields=[TITLE])
    chosen = "id, title as t, count(id) as n, cast(title as int) as i, p.id as p, upper(title) as u"
    query = f"SELECT {chosen} FROM p GROUP BY p.id"
    view = world.create(name="v", type="view", viewQuery=query)
    assert [(field.name, field.type) for field in view.fields] == [
        ("id", "text"), ("t", "text"), ("n", "number"), ("i", "number"), ("p", "relation"), ("u", "json"),
    ]  # fmt: skip
    assert view.field("p").collection_id == made.id
    wrong = {"name": "w", "type": "view", "viewQuery": "SELECT 1 as x"}
    error = world.refused(actions.create(world.tenant, INFO, wrong))
    assert "missing required id column" in error.data["viewQuery"]["message"]


def test_a_view_follows_the_collection_it_selects_from(world: World) -> None:
    """Where a field's options change, the view's change too."""
    world.create(name="p", fields=[{**TITLE, "id": "a"}])
    world.create(name="v", type="view", viewQuery="SELECT id, title FROM p")
    world.update("p", fields=[{**TITLE, "id": "a", "max": 7}])
    view = world.tenant.catalog.collection("v")
    assert view is not None
    assert view.field("title").max == 7  # type: ignore[union-attr]


def test_what_others_need_is_not_deleted(world: World) -> None:
    """Neither the target of a relation, nor what a view selects from, nor a system collection."""
    made = world.create(name="p", fields=[TITLE])
    world.create(name="r", fields=[{"type": "relation", "name": "p", "collectionId": made.id, "maxSelect": 1}])
    error = world.refused(actions.delete(world.tenant, INFO, "p"))
    assert error.message == "Failed to delete collection probably due to existing reference in r."
    world.create(name="v", type="view", viewQuery="SELECT id FROM r")
    assert world.refused(actions.delete(world.tenant, INFO, "r")).message == "Failed to delete collection."
    assert world.refused(actions.delete(world.tenant, INFO, "_mfas")).message == "Failed to delete collection."
    world.run(actions.delete(world.tenant, INFO, "v"))
    world.run(actions.delete(world.tenant, INFO, "r"))
    assert world.tenant.catalog.collection("r") is None
    assert columns(world, "r") == []


def test_truncating_empties_the_table_and_not_views(world: World) -> None:
    """All rows go, the collection stays."""
    world.create(name="p", fields=[TITLE])
    world.create(name="v", type="view", viewQuery="SELECT id FROM p")
    world.write("INSERT INTO p (title) VALUES ('A'), ('B')")
    assert "View collections" in world.refused(actions.truncate(world.tenant, "v")).message
    world.run(actions.truncate(world.tenant, "p"))
    assert world.sql("SELECT count(*) FROM p") == [(0,)]


def test_an_unknown_collection_or_another_id_is_not_found(world: World) -> None:
    """Ids never change."""
    with pytest.raises(NotFound):
        world.update("nope", name="x")
    with pytest.raises(NotFound):
        world.update("users", id="zzz")


def test_an_import_creates_changes_and_deletes_at_once(world: World) -> None:
    """Collections may refer to each other, in any order."""
    world.create(name="old", fields=[TITLE])
    data = [
        {
            "id": "one",
            "name": "a",
            "type": "base",
            "fields": [{"type": "relation", "name": "b", "collectionId": "two", "maxSelect": 1}],
        },
        {"id": "two", "name": "b", "type": "base", "fields": [TITLE]},
    ]
    world.run(import_collections(world.tenant, INFO, data, delete_missing=False))
    assert columns(world, "a") == ["b", "id"]
    assert world.tenant.catalog.collection("old") is not None
    world.run(import_collections(world.tenant, INFO, data, delete_missing=True))
    assert world.tenant.catalog.collection("old") is None
    assert world.tenant.catalog.collection("users") is None
    assert world.tenant.catalog.collection("_superusers") is not None


def test_a_failed_import_changes_nothing(world: World) -> None:
    """The error names the collection."""
    data = [{"name": "good", "type": "base"}, {"name": "bad", "type": "base", "listRule": "zz ="}]
    error = world.refused(import_collections(world.tenant, INFO, data, delete_missing=False))
    assert 'Data validations failed for collection "bad"' in error.data["collections"]["message"]
    assert world.tenant.catalog.collection("good") is None


def test_another_auth_rule_ends_all_sessions(world: World) -> None:
    """The secret of tokens changes with it."""
    before = world.tenant.catalog.collection("users")
    after = world.update("users", authRule="verified = true")
    assert before is not None
    assert before.options["authToken"]["secret"] != after.options["authToken"]["secret"]


def test_the_text_of_an_index_or_a_view_runs_nothing_else(world: World) -> None:
    """The stock server would drop the table here."""
    world.create(name="p", fields=[TITLE])
    world.write("INSERT INTO p (id, title) VALUES ('1', 'A')")
    world.update("p", indexes=["CREATE INDEX i ON p (title) WHERE title != ''; DROP TABLE p"])
    hostile = "SELECT id FROM p WHERE id != '\\') ; DROP TABLE p; --'"
    world.refused(actions.create(world.tenant, INFO, {"name": "v", "type": "view", "viewQuery": hostile}))
    assert world.sql("SELECT title FROM p") == [("A",)]

"""Old and new pb_data: what a tenant takes in, what it makes of it, what it refuses."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from pbe.errors import BadRequest
from pbe.tenant import exchange
from pbe.tenant.exchange_upgrade import ALERTS, INDEXES
from tests.kit.collection_world import TITLE, World

RELEASED = Path(__file__).parent.parent / "data" / "pb_data"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A tenant that has something of its own."""
    made = World(tmp_path / "tenant")
    made.create(name="mine", fields=[TITLE])
    yield made
    made.run(made.tenant.close())


def take_in(world: World, path: Path, folder: Path) -> Any:
    """Import a zip."""
    folder.mkdir()
    return world.run(exchange.import_from(world.tenant, path, folder))


@pytest.mark.parametrize("version", ["v0.23", "v0.30"])
def test_a_pb_data_of_each_released_format_opens(world: World, tmp_path: Path, version: str) -> None:
    """Rows, rules and superusers come along; what the tenant had is gone."""
    came = take_in(world, RELEASED / f"{version}.zip", tmp_path / "in")
    assert came.records >= 3
    ((title, many),) = world.sql("SELECT title, many FROM posts")
    assert title.startswith(f"from {version[1:]}")
    assert many == '["a","b"]'
    assert world.sql("SELECT email FROM _superusers") == [("a@b.co",)]
    assert world.tenant.catalog.collection("mine") is None
    seen = world.tenant.catalog.collection("seen")
    assert seen is not None
    assert [field.name for field in seen.fields] == ["id", "title"]


def test_old_databases_are_brought_up_to_date(world: World, tmp_path: Path) -> None:
    """Indexes that only the database knew are made known, old alerts get today's text, and both are remembered."""
    take_in(world, RELEASED / "v0.23.zip", tmp_path / "in")
    posts = world.tenant.catalog.collection("posts")
    members = world.tenant.catalog.collection("members")
    assert posts is not None
    assert members is not None
    assert "CREATE INDEX `lost_idx` ON `posts` (`n`)" in posts.indexes
    assert "{ALERT_INFO}" in members.options["authAlert"]["emailTemplate"]["body"]
    done = {row[0] for row in world.sql("SELECT file FROM _migrations")}
    assert {ALERTS, INDEXES} <= done
    names = {row[0] for row in world.sql("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'posts'")}
    assert {"old_idx", "lost_idx"} <= names


def test_a_database_from_before_0_23_is_refused(world: World, tmp_path: Path) -> None:
    """With a sentence that says what to do; nothing changes."""
    with pytest.raises(BadRequest) as raised:
        take_in(world, RELEASED / "v0.22.zip", tmp_path / "in")
    assert "0.23" in raised.value.message
    assert world.tenant.catalog.collection("mine") is not None


def test_what_goes_out_comes_in_again(world: World, tmp_path: Path) -> None:
    """The zip has databases with everything in them, and no superuser who was left out."""
    world.write("INSERT INTO mine (id, title) VALUES ('1', 'A')")
    world.write("INSERT INTO _superusers (id, email, tokenKey) VALUES ('s1', 'a@b.co', 'x'), ('s2', 'b@b.co', 'y')")
    out = tmp_path / "out"
    out.mkdir()
    path = world.run(exchange.export_into(world.tenant, out, without_superuser="s2"))
    world.run(exchange.import_from(world.tenant, path, out))
    assert world.sql("SELECT title FROM mine") == [("A",)]
    assert world.sql("SELECT id FROM _superusers") == [("s1",)]
    with zipfile.ZipFile(path) as packed:
        assert set(packed.namelist()) == {"data.db", "auxiliary.db", "hooks.db"}


def test_a_zip_that_leads_out_of_its_folder_is_refused(world: World, tmp_path: Path) -> None:
    """Whoever made it."""
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(RELEASED / "v0.30.zip", "data.db")
        packed.writestr("storage/../../../evil", b"x")
    with pytest.raises(BadRequest):
        take_in(world, path, tmp_path / "in")
    assert not (tmp_path.parent / "evil").exists()


def test_a_damaged_database_is_refused(world: World, tmp_path: Path) -> None:
    """Before the tenant's own is touched."""
    with zipfile.ZipFile(RELEASED / "v0.30.zip") as packed:
        content = bytearray(packed.read("data.db"))
    content[5000:9000] = bytes(4000)
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("data.db", bytes(content))
    with pytest.raises(BadRequest):
        take_in(world, path, tmp_path / "in")
    assert world.tenant.catalog.collection("mine") is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE _params SET value = 'c2VjcmV0' WHERE id = 'settings'", "encrypted"),
        ("UPDATE _collections SET fields = replace(fields, '\"text\"', '\"vector\"') WHERE name = 'posts'", "newer"),
        ("UPDATE _collections SET options = '[' WHERE name = 'members'", "cannot be read"),
    ],
)
def test_what_a_tenant_could_not_be_opened_with_is_refused(
    world: World, tmp_path: Path, change: str, said: str
) -> None:
    """Each with its own sentence, before anything is replaced."""
    with zipfile.ZipFile(RELEASED / "v0.30.zip") as packed:
        packed.extract("data.db", tmp_path)
    connection = apsw.Connection(str(tmp_path / "data.db"))
    connection.execute(change)
    connection.close()
    path = tmp_path / "changed.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(tmp_path / "data.db", "data.db")
    with pytest.raises(BadRequest) as raised:
        take_in(world, path, tmp_path / "in")
    assert said in raised.value.message
    assert world.tenant.catalog.collection("mine") is not None


def test_stock_tables_of_other_makers_come_along(world: World, tmp_path: Path) -> None:
    """Tables that are no collections' are rows as well."""
    with zipfile.ZipFile(RELEASED / "v0.30.zip") as packed:
        packed.extract("data.db", tmp_path)
    connection = apsw.Connection(str(tmp_path / "data.db"))
    connection.execute("CREATE TABLE foreign_table (a); INSERT INTO foreign_table VALUES (7)")
    connection.close()
    path = tmp_path / "more.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(tmp_path / "data.db", "data.db")
    take_in(world, path, tmp_path / "in")
    assert world.sql("SELECT a FROM foreign_table") == [(7,)]

"""``/api/collections`` without a socket: who may, what is answered, and what hooks see."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbe.schema.collection_auth import PROVIDERS
from pbe.tenant.pipeline import Event
from tests.kit.tenant_site import World

AT = "/api/collections"
POSTS: dict[str, Any] = {"name": "posts", "fields": [{"type": "text", "name": "title"}]}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[World]:
    """A tenant's site."""
    made = World(tmp_path)
    yield made
    made.done(made.tenant.close())


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", AT), ("POST", AT), ("GET", f"{AT}/users"), ("PATCH", f"{AT}/users"), ("DELETE", f"{AT}/users"),
        ("DELETE", f"{AT}/users/truncate"), ("PUT", f"{AT}/import"), ("GET", f"{AT}/meta/scaffolds"),
        ("GET", f"{AT}/meta/oauth2-providers"), ("POST", f"{AT}/meta/dry-run-view"), ("GET", "/api/pbe/export"),
        ("POST", "/api/pbe/import"),
    ],
)  # fmt: skip
def test_only_superusers_come_in(site: World, method: str, target: str) -> None:
    """Guests are told to sign in."""
    assert site.ask(method, target, {} if method in ("POST", "PATCH", "PUT") else None).status == 401


def test_a_collection_lives_and_dies(site: World) -> None:
    """Created, listed, changed, filled, emptied, deleted."""
    made = site.root("POST", AT, POSTS)
    assert made.status == 200
    listed = site.root("GET", f"{AT}?filter=name='posts'&fields=name,fields.name").json
    assert listed["items"] == [{"name": "posts", "fields": [{"name": "id"}, {"name": "title"}]}]
    changed = site.root("PATCH", f"{AT}/{made.json['id']}", {"listRule": ""})
    assert changed.json["listRule"] == ""
    assert site.root("POST", f"{AT}/posts/records", {"title": "x"}).status == 200
    assert site.ask("GET", f"{AT}/posts/records").json["totalItems"] == 1
    assert site.root("DELETE", f"{AT}/posts/truncate").status == 204
    assert site.ask("GET", f"{AT}/posts/records").json["totalItems"] == 0
    assert site.root("DELETE", f"{AT}/posts").status == 204
    assert site.root("GET", f"{AT}/posts").status == 404


def test_an_integer_with_a_fraction_is_refused_even_when_it_is_zero(site: World) -> None:
    """`5.0` is no integer to the stock server; in an import it is, since that goes through a float."""
    field = b'{"type":"text","name":"a","max":5.0}'
    answer = site.root("POST", AT, b'{"name":"p","fields":[%b]}' % field)
    assert (answer.status, answer.json["data"]) == (400, {})
    imported = site.root("PUT", f"{AT}/import", b'{"collections":[{"name":"p","fields":[%b]}]}' % field)
    assert imported.status == 204


def test_scaffolds_have_no_secrets_and_no_ids(site: World) -> None:
    """They are what a form starts from."""
    found = site.root("GET", f"{AT}/meta/scaffolds").json
    assert sorted(found) == ["auth", "base", "view"]
    assert {entry["id"] for entry in found.values()} == {""}
    assert "secret" not in found["auth"]["authToken"]


def test_a_dry_run_leaves_nothing_behind(site: World) -> None:
    """Neither a view nor a change."""
    found = site.root("POST", f"{AT}/meta/dry-run-view", {"query": "SELECT id, email FROM _superusers"})
    assert [field["name"] for field in found.json["fields"]] == ["id", "email"]
    assert len(found.json["sample"]) == 1
    assert site.query("SELECT name FROM sqlite_master WHERE type = 'view'") == []


def test_hooks_see_each_change_and_may_stop_it(site: World) -> None:
    """In PocketBase's order; what is not passed on does not happen."""
    seen: list[str] = []

    async def note(event: Event) -> None:
        seen.append(event.name)
        await event.next()

    names = ("Request", "", "Execute")
    for name in [
        *(f"onCollectionCreate{end}" for end in names),
        "onCollectionValidate",
        "onCollectionAfterCreateSuccess",
    ]:
        site.tenant.pipeline.bind(name, note)
    assert site.root("POST", AT, POSTS).status == 200
    assert seen == [
        "onCollectionCreateRequest", "onCollectionCreate", "onCollectionValidate", "onCollectionCreateExecute",
        "onCollectionAfterCreateSuccess",
    ]  # fmt: skip

    async def stop(event: Event) -> None:
        raise PermissionError("no")

    site.tenant.pipeline.bind("onCollectionDelete", stop, tags=("posts",))
    assert site.root("DELETE", f"{AT}/posts").status >= 400
    assert site.root("GET", f"{AT}/posts").status == 200


def test_an_export_comes_in_again(site: World) -> None:
    """The tenant as a zip, and the zip as the tenant."""
    site.root("POST", AT, POSTS)
    site.root("POST", f"{AT}/posts/records", {"title": "kept"})
    packed = site.root("GET", "/api/pbe/export")
    assert packed.headers["content-type"] == ["application/zip"]
    site.root("DELETE", f"{AT}/posts")
    came = site.root("POST", "/api/pbe/import", packed.body, content_type="application/zip")
    assert came.status == 200, came.body
    assert site.query("SELECT title FROM posts") == [("kept",)]


def test_the_providers_that_may_be_configured_are_those_there_are(site: World) -> None:
    """The model's names and the catalogue's."""
    listed = site.root("GET", f"{AT}/meta/oauth2-providers").json
    assert {provider["name"] for provider in listed} == PROVIDERS

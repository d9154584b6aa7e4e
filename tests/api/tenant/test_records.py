"""The five record routes."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pbe.schema.field_autodate import AutodateField
from pbe.schema.field_json import JSONField
from pbe.schema.field_number import NumberField
from pbe.schema.field_relation import RelationField
from pbe.schema.field_select import SelectField
from pbe.schema.field_text import TextField
from tests.kit.record_site import RecordSite

POSTS = "/api/collections/posts/records"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RecordSite]:
    """Users, tags and posts that point to both."""
    made = RecordSite(tmp_path)
    users = made.collection("people", TextField(name="name"), kind="auth")
    tags = made.collection("tags", TextField(name="name"), RelationField(name="owner", collection_id=users.id))
    made.collection(
        "posts",
        TextField(name="title", min=2),
        NumberField(name="n"),
        SelectField(name="sel", values=("a", "b", "c"), max_select=3),
        RelationField(name="author", collection_id=users.id),
        RelationField(name="tags", collection_id=tags.id, max_select=5, cascade_delete=True),
        JSONField(name="data"),
        TextField(name="hush", hidden=True),
        AutodateField(name="created", on_create=True),
        AutodateField(name="updated", on_create=True, on_update=True),
        indexes=("CREATE UNIQUE INDEX `idx_t` ON `posts` (`title`) WHERE title != ''",),
    )
    yield made
    made.close()


def create(site: RecordSite, target: str, **data: Any) -> dict[str, Any]:
    """A created record."""
    answer = site.ask("POST", target, data)
    assert answer.status == 200, answer.body
    return answer.json  # type: ignore[no-any-return]


def test_a_record_lives(site: RecordSite) -> None:
    """Created, viewed, changed, listed, deleted."""
    made = create(site, POSTS, title="one", n="12", sel=["a"], data={"x": [1, {"y": None}]}, hush="no", nope=1)
    assert len(made["id"]) == 15
    assert (made["title"], made["n"], made["sel"], made["data"]) == ("one", 12, ["a"], {"x": [1, {"y": None}]})
    assert "hush" not in made
    assert made["created"] == made["updated"] == "2026-01-01 00:00:00.000Z"
    assert site.ask("GET", f"{POSTS}/{made['id']}").json == made
    site.clock.advance(5)
    changed = site.ask("PATCH", f"{POSTS}/{made['id']}", {"n+": 5, "sel+": "b", "title": "uno"}).json
    assert (changed["n"], changed["sel"], changed["title"]) == (17, ["a", "b"], "uno")
    assert changed["updated"] == "2026-01-01 00:00:05.000Z"
    listed = site.ask("GET", POSTS).json
    assert listed == {"items": [changed], "page": 1, "perPage": 30, "totalItems": 1, "totalPages": 1}
    assert site.ask("DELETE", f"{POSTS}/{made['id']}").status == 204
    assert site.ask("GET", f"{POSTS}/{made['id']}").status == 404
    assert site.ask("GET", POSTS).json["items"] == []


def test_invalid_values_are_told_by_field(site: RecordSite) -> None:
    """Each field's error is under its name, the message names the action."""
    answer = site.ask("POST", POSTS, {"title": "x", "sel": "z", "author": "nobody", "id": "Bad id"})
    assert answer.status == 400
    assert answer.json["message"] == "Failed to create record."
    data = answer.json["data"]
    assert set(data) == {"title", "sel", "author", "id"}
    assert data["author"]["code"] == "validation_missing_rel_records"
    assert data["title"]["params"] == {"min": 2}


def test_unique_values_are_told_by_field(site: RecordSite) -> None:
    """A broken unique index is an error of its columns."""
    first = create(site, POSTS, title="one")
    unique = {"code": "validation_not_unique", "message": "Value must be unique."}
    assert site.ask("POST", POSTS, {"title": "one"}).json["data"] == {"title": unique}
    assert site.ask("POST", POSTS, {"id": first["id"]}).json["data"] == {"id": unique}
    other = create(site, POSTS, title="two")
    answer = site.ask("PATCH", f"{POSTS}/{other['id']}", {"title": "one"})
    assert (answer.status, answer.json["message"]) == (400, "Failed to update record.")


def test_null_rules_are_for_superusers(site: RecordSite) -> None:
    """A closed collection answers 403 to anybody but a superuser."""
    made = create(site, POSTS, title="one", hush="h")
    site.rules("posts", list_rule=None, view_rule=None, create_rule=None, update_rule=None, delete_rule=None)
    one = f"{POSTS}/{made['id']}"
    for method, target in (("GET", POSTS), ("GET", one), ("POST", POSTS), ("PATCH", one), ("DELETE", one)):
        answer = site.ask(method, target, {} if method in ("POST", "PATCH") else None)
        assert (answer.status, answer.json["message"]) == (403, "Only superusers can perform this action.")
    root = site.superuser()
    shown = site.ask("GET", one, auth=root).json
    assert shown["title"] == "one"
    assert "hush" in shown
    assert site.ask("PATCH", one, {"hush": "set"}, auth=root).json["hush"] == "set"


PASSWORDS = {"password": "12345678", "passwordConfirm": "12345678"}
NUMBERS = count()


def login() -> dict[str, str]:
    """What a record that can log in needs."""
    return PASSWORDS | {"email": f"p{next(NUMBERS)}@x.co"}


def test_rules_choose_the_status(site: RecordSite) -> None:
    """A list leaves out, a view, update and delete miss, a create is refused."""
    mine = create(site, POSTS, title="mine", n=1)
    other = create(site, POSTS, title="other", n=2)
    rule = "n = 1"
    site.rules("posts", list_rule=rule, view_rule=rule, create_rule=rule, update_rule=rule, delete_rule=rule)
    assert site.ask("GET", POSTS).ids == [mine["id"]]
    assert site.ask("GET", f"{POSTS}/{other['id']}").status == 404
    assert site.ask("PATCH", f"{POSTS}/{other['id']}", {"title": "xx"}).status == 404
    assert site.ask("DELETE", f"{POSTS}/{other['id']}").status == 404
    refused = site.ask("POST", POSTS, {"n": 2})
    assert (refused.status, refused.json) == (400, {"data": {}, "message": "Failed to create record.", "status": 400})
    assert site.ask("POST", POSTS, {"n": 1}).status == 200


def test_rules_see_who_asks_and_what_is_sent(site: RecordSite) -> None:
    """An update rule over the asking record and the body."""
    user = create(site, "/api/collections/people/records", name="Ann", **login())
    ann = site.record("people", user["id"])
    made = create(site, POSTS, title="one", author=user["id"])
    site.rules("posts", update_rule="author = @request.auth.id && @request.body.n:changed = false")
    one = f"{POSTS}/{made['id']}"
    assert site.ask("PATCH", one, {"title": "two"}).status == 404
    assert site.ask("PATCH", one, {"title": "two"}, auth=ann).status == 200
    assert site.ask("PATCH", one, {"n": 5}, auth=ann).status == 404


def test_pages(site: RecordSite) -> None:
    """Page, size, total and sort as asked; nonsense is refused."""
    ids = [create(site, POSTS, n=n)["id"] for n in range(5)]
    page = site.ask("GET", f"{POSTS}?page=2&perPage=2&sort=-n").json
    assert [item["n"] for item in page["items"]] == [2, 1]
    assert (page["page"], page["perPage"], page["totalItems"], page["totalPages"]) == (2, 2, 5, 3)
    assert site.ask("GET", f"{POSTS}?page=9").ids == []
    assert site.ask("GET", f"{POSTS}?page=-1&perPage=0&sort=n").ids == ids
    skipped = site.ask("GET", f"{POSTS}?skipTotal=t&perPage=5000").json
    assert (skipped["totalItems"], skipped["totalPages"], skipped["perPage"]) == (-1, -1, 1000)
    assert site.ask("GET", f"{POSTS}?page=9223372036854775807&perPage=1000").status == 200
    for wrong in ("page=x", "perPage=2.5", "skipTotal=x", "sort=nope", "filter=nope=1", "filter=(", "page=9e9"):
        assert site.ask("GET", f"{POSTS}?{wrong}").status == 400, wrong


def test_totals_follow_writes(site: RecordSite) -> None:
    """A remembered total is counted anew after a write."""
    for expected in range(3):
        assert site.ask("GET", f"{POSTS}?filter=n=7").json["totalItems"] == expected
        assert site.ask("GET", f"{POSTS}?filter=n=7").json["totalItems"] == expected
        create(site, POSTS, n=7)


def test_only_superusers_filter_by_request(site: RecordSite) -> None:
    """@request and @collection in a client's filter are 403."""
    for word in ("filter=@request.method='GET'", "sort=@collection.users.id", "filter='@request.'='x'"):
        answer = site.ask("GET", f"{POSTS}?{word}")
        assert answer.status == 403
        assert answer.json["message"].startswith("Only superusers can filter by @")


def test_expand(site: RecordSite) -> None:
    """Relations, lists of them and back-relations, each under the other's view rule."""
    user = create(site, "/api/collections/people/records", name="Ann", **login())
    tags = [create(site, "/api/collections/tags/records", name=n, owner=user["id"])["id"] for n in ("x", "y")]
    made = create(site, POSTS, title="one", author=user["id"], tags=tags)
    shown = site.ask("GET", f"{POSTS}/{made['id']}?expand=author,tags.owner, nope").json["expand"]
    assert shown["author"]["name"] == "Ann"
    assert [tag["expand"]["owner"]["id"] for tag in shown["tags"]] == [user["id"]] * 2
    back = site.ask("GET", "/api/collections/people/records?expand=posts_via_author.tags,tags_via_owner").json
    expanded = back["items"][0]["expand"]
    assert [post["id"] for post in expanded["posts_via_author"]] == [made["id"]]
    assert len(expanded["posts_via_author"][0]["expand"]["tags"]) == 2
    assert len(expanded["tags_via_owner"]) == 2
    site.rules("tags", view_rule="name = 'x'")
    assert len(site.ask("GET", f"{POSTS}/{made['id']}?expand=tags").json["expand"]["tags"]) == 1
    site.rules("tags", view_rule=None)
    assert "expand" not in site.ask("GET", f"{POSTS}/{made['id']}?expand=tags").json


def test_fields_are_picked(site: RecordSite) -> None:
    """Only the wanted keys, the head of a list stays whole."""
    create(site, POSTS, title="<b>long</b> title here", data={"a": {"b": 1, "c": 2}})
    listed = site.ask("GET", f"{POSTS}?fields=title:excerpt(4,true),data.a.b,nope").json
    assert listed["items"] == [{"title": "long...", "data": {"a": {"b": 1}}}]
    assert listed["totalItems"] == 1
    assert site.ask("GET", f"{POSTS}?fields=title:nope").status == 400
    assert site.ask("GET", f"{POSTS}?fields=nope").json["items"] == [{}]


def test_deleting_follows_relations(site: RecordSite) -> None:
    """Cascade where the last reference goes, unset elsewhere, refusal where it is required."""
    user = create(site, "/api/collections/people/records", **login())
    tags = [create(site, "/api/collections/tags/records", owner=user["id"])["id"] for _ in range(2)]
    both = create(site, POSTS, tags=tags)["id"]
    one = create(site, POSTS, tags=tags[:1], author=user["id"])["id"]
    assert site.ask("DELETE", f"/api/collections/tags/records/{tags[0]}").status == 204
    assert site.ask("GET", f"{POSTS}/{one}").status == 404
    assert site.ask("GET", f"{POSTS}/{both}").json["tags"] == tags[1:]
    assert site.ask("DELETE", f"/api/collections/people/records/{user['id']}").status == 204
    assert site.ask("GET", f"/api/collections/tags/records/{tags[1]}").json["owner"] == ""
    users = site.tenant.catalog.collection("people")
    assert users is not None
    site.collection("must", RelationField(name="who", collection_id=users.id, required=True))
    user = create(site, "/api/collections/people/records", **login())
    create(site, "/api/collections/must/records", who=user["id"])
    answer = site.ask("DELETE", f"/api/collections/people/records/{user['id']}")
    assert answer.status == 400
    assert "required relation reference" in answer.json["message"]
    assert site.ask("GET", f"/api/collections/people/records/{user['id']}").status == 200


def test_auth_records_need_passwords(site: RecordSite) -> None:
    """Confirmation, old password, and no way to verify oneself."""
    users = "/api/collections/people/records"
    wrong = site.ask("POST", users, {"password": "12345678", "passwordConfirm": "x", "verified": True}).json["data"]
    assert set(wrong) == {"passwordConfirm", "verified"}
    assert wrong["passwordConfirm"]["code"] == "validation_values_mismatch"
    assert set(site.ask("POST", users, {}).json["data"]) == {"password", "passwordConfirm"}
    assert set(site.ask("POST", users, PASSWORDS).json["data"]) == {"email"}
    made = create(site, users, **(login() | {"email": "ann@x.co"}))
    assert "email" not in made
    ann = site.record("people", made["id"])
    assert ann.get("password").hash.startswith("$2a$")
    one = f"{users}/{made['id']}"
    assert site.ask("GET", one, auth=ann).json["email"] == "ann@x.co"
    assert "email" not in site.ask("GET", one).json
    new = {"password": "abcdefgh", "passwordConfirm": "abcdefgh"}
    assert site.ask("PATCH", one, new).json["data"]["oldPassword"]["code"] == "validation_required"
    bad = site.ask("PATCH", one, new | {"oldPassword": "nope"}).json["data"]
    assert bad["oldPassword"]["code"] == "validation_invalid_old_password"
    assert site.ask("PATCH", one, new | {"oldPassword": "12345678"}).status == 200
    assert site.record("people", made["id"]).get("tokenKey") != ann.get("tokenKey")
    assert site.ask("PATCH", one, {"email": "b@x.co"}).json["data"]["email"]["code"] == "validation_values_mismatch"
    site.rules("people", options={"manageRule": "@request.auth.id != ''"})
    assert site.ask("PATCH", one, {"email": "b@x.co", "verified": True}, auth=ann).json["email"] == "b@x.co"


def test_missing_collections_and_bad_bodies(site: RecordSite) -> None:
    """404 for an unknown collection, 400 for what is no object."""
    answer = site.ask("GET", "/api/collections/nope/records")
    assert (answer.status, answer.json["message"]) == (404, "Missing collection context.")
    assert site.ask("POST", POSTS, b"[1]").status == 400
    assert site.ask("POST", POSTS, b"{").status == 400
    assert site.ask("GET", "/api/collections/POSTS/records").status == 200


def test_a_long_chain_is_deleted_link_by_link(site: RecordSite) -> None:
    """2,000 records that point to one another go in one transaction, however deep that is."""
    bare = site.collection("links")
    site.rules("links", fields=(*bare.fields, RelationField(name="to", collection_id=bare.id, cascade_delete=True)))

    async def fill(tx: Any) -> None:
        tx.execute("ALTER TABLE links ADD COLUMN \"to\" TEXT DEFAULT ''")
        tx.execute('CREATE INDEX i ON links ("to")')
        tx.execute_many("INSERT INTO links VALUES (?, ?)", [(f"l{n}", f"l{n - 1}" if n else "") for n in range(2000)])

    site.run(site.tenant.data.write(fill))
    assert site.ask("DELETE", "/api/collections/links/records/l0").status == 204
    assert site.ask("GET", "/api/collections/links/records").json["totalItems"] == 0


def test_back_relations_are_read_at_once(site: RecordSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reading finds what many point to; where that would be too much, each record asks for itself: the same."""
    tags = [create(site, "/api/collections/tags/records", name=f"t{n}")["id"] for n in range(3)]
    for chosen in (tags, tags[:1], tags[1:], []):
        create(site, POSTS, tags=chosen)
    target = "/api/collections/tags/records?sort=name&expand=posts_via_tags"
    together = site.ask("GET", target).json
    assert [len(one["expand"]["posts_via_tags"]) for one in together["items"]] == [2, 2, 2]
    monkeypatch.setattr("pbe.tenant.record_expand.BACK_RELATED_MAX", 2)
    assert site.ask("GET", target).json == together
    monkeypatch.setattr("pbe.tenant.record_expand.BACK_RELATED_MAX", 1)
    assert [len(one["expand"]["posts_via_tags"]) for one in site.ask("GET", target).json["items"]] == [1, 1, 1]

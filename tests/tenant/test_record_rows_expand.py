"""Relations expanded the short way give what the long way gives."""

from collections.abc import Iterator

import pytest

from pbe.schema.field_relation import RelationField
from pbe.schema.field_text import TextField
from tests.kit.record_site import RecordSite
from tests.tenant.test_record_rows import both_ways

POSTS = "/api/collections/posts/records"
PATHS = (
    "author",
    "tags",
    "author,tags",
    "tags, author ,",
    "author.boss",
    "tags.owner,author",
    "nope",
    "author,nope",
    ",",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordSite]:
    """Posts with an author and several tags, some of which are gone."""
    made = RecordSite(tmp_path_factory.mktemp("expand"))
    people = made.collection("people", TextField(name="name"), kind="auth")
    tags = made.collection("tags", TextField(name="name"), RelationField(name="owner", collection_id=people.id))
    made.collection(
        "posts",
        RelationField(name="author", collection_id=people.id),
        RelationField(name="tags", collection_id=tags.id, max_select=5),
    )

    async def work(tx: object) -> None:
        execute = tx.execute  # type: ignore[attr-defined]
        for number in range(4):
            execute(
                "INSERT INTO people (id, name, email, emailVisibility, tokenKey, password) VALUES (?, ?, ?, ?, ?, 'x')",
                (f"p{number}", f"Person {number}", f"p{number}@x.co", number % 2, f"t{number}" * 20),
            )
            execute("INSERT INTO tags VALUES (?, ?, ?)", (f"t{number}", f"Tag {number}", f"p{number}"))
        rows = [
            ("a", "p0", '["t1","t0"]'),
            ("b", "p3", '["t3","gone","t3"]'),
            ("c", "", "[]"),
            ("d", "gone", '["gone"]'),
        ]
        for row in rows:
            execute("INSERT INTO posts (id, author, tags) VALUES (?, ?, ?)", row)

    made.run(made.tenant.data.write(work))
    yield made
    made.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "rule", ["", None, "name != 'Person 3' && name != 'Tag 1'", "owner.name = 'Person 0'", "nope = 1"]
)
@pytest.mark.parametrize("who", ["guest", "person", "root"])
def test_both_ways_expand_the_same(site: RecordSite, path: str, rule: str | None, who: str) -> None:
    """Every path under every kind of view rule, for a guest, a user and a superuser; in lists and views."""
    for name in ("people", "tags"):
        site.rules(name, view_rule=rule)
    auth = {"guest": lambda: None, "person": lambda: site.record("people", "p1"), "root": lambda: root(site)}[who]()
    for target in (f"{POSTS}?expand={path}", f"{POSTS}/b?expand={path}"):
        short, long = both_ways(site, target.replace(" ", "%20"), auth)
        assert short == long
        assert short[0] == 200


def root(site: RecordSite) -> object:
    """The superuser, made when first asked for."""
    rows = site.run(site.tenant.data.query("SELECT id FROM _superusers"))
    return site.record("_superusers", rows[0][0]) if rows else site.superuser()


def test_the_short_way_is_taken(site: RecordSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """One level forward makes no records."""
    for name in ("people", "tags"):
        site.rules(name, view_rule="")
    monkeypatch.setattr("pbe.tenant.record.Record.from_row", None)
    items = site.ask("GET", f"{POSTS}?expand=author,tags&sort=id").json["items"]
    assert [sorted(item["expand"]) for item in items] == [["author", "tags"], ["author", "tags"], [], []]
    assert [tag["id"] for tag in items[0]["expand"]["tags"]] == ["t1", "t0"]

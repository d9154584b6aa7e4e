"""Uploads, downloads and thumbs through the routes."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pbe.errors import StoreError
from pbe.tenant.auth_token import issue
from pbe.tenant.token import AUTH, FILE
from tests.kit.file_site import DOCS, FileSite, picture


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FileSite]:
    """A tenant with collection `docs`."""
    made = FileSite(tmp_path)
    yield made
    made.close()


def url(record: dict[str, Any], name: str) -> str:
    """Where a file is."""
    return f"/api/files/docs/{record['id']}/{name}"


def test_a_file_lives_with_its_record(site: FileSite) -> None:
    """Stored with the create, replaced and removed with updates, gone with the record."""
    record = site.docs(("title", None, b"x"), ("files", "a b.txt", b"one"), ("files", "c.txt", b"two"))
    first, second = record["files"]
    assert first.startswith("a_b_")
    assert site.ask("GET", url(record, first)).body == b"one"
    target = f"{DOCS}/{record['id']}"
    changed = site.upload(
        ("files+", "d.txt", b"three"), ("files-", None, first.encode()), target=target, method="PATCH"
    )
    assert changed.json["files"][0] == second
    assert len(changed.json["files"]) == 2
    assert site.ask("GET", url(record, first)).status == 404
    assert site.ask("GET", url(record, second)).body == b"two"
    assert len(site.keys) == 2
    assert site.ask("DELETE", target).status == 204
    assert site.keys == []
    assert site.ask("GET", url(record, second)).status == 404


def test_a_record_that_is_refused_leaves_no_file(site: FileSite) -> None:
    """Neither by validation nor by the database."""
    assert site.upload(("title", None, b"far too long a title"), ("files", "a.txt", b"one")).status == 400
    assert site.keys == []


def test_a_file_that_cannot_be_stored_is_not_acknowledged(site: FileSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store is away the record is not written either."""

    async def away(*_: Any, **__: Any) -> str:
        raise StoreError("put", "x")

    monkeypatch.setattr(site.store, "put", away)
    assert site.upload(("title", None, b"x"), ("files", "a.txt", b"one")).status in (400, 503)
    assert site.ask("GET", DOCS).json["totalItems"] == 0


def test_a_large_file_is_served_from_the_disk_in_pieces(site: FileSite) -> None:
    """Larger than what is read at once, whole and in part, without asking the store."""
    data = bytes(range(256)) * 4000
    record = site.docs(("files", "big.bin", data))
    site.store.objects.clear()
    answer = site.ask("GET", url(record, record["files"][0]))
    assert answer.body == data
    assert answer.headers["content-length"] == str(len(data))
    part = site.ask("GET", url(record, record["files"][0]), headers={"Range": "bytes=300000-899999"})
    assert (part.status, part.body) == (206, data[300000:900000])


def test_the_headers_are_safe(site: FileSite) -> None:
    """What a browser could run is a download; nothing may load anything."""
    record = site.docs(
        ("files", "a.png", picture()),
        ("files", "b.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("files", "c.html", b"<!DOCTYPE html><html><body>x</body></html>"),
        ("files", "d.js", b"alert(1)"),
    )
    seen = {}
    for name in record["files"]:
        headers = site.ask("GET", url(record, name)).headers
        seen[Path(name).suffix] = (headers["content-type"], headers["content-disposition"].split(";")[0])
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["content-disposition"].endswith(f'; filename="{name}"')
    assert seen == {
        ".png": ("image/png", "inline"),
        ".svg": ("image/svg+xml", "attachment"),
        ".html": ("text/html; charset=utf-8", "attachment"),
        ".js": ("text/javascript", "attachment"),
    }
    for value, kind in (("1", "attachment"), ("0", "inline"), ("", "inline"), ("true", "attachment"), ("x", "inline")):
        answer = site.ask("GET", url(record, record["files"][0]) + f"?download={value}")
        assert answer.headers["content-disposition"].startswith(kind)


def test_conditions_and_ranges(site: FileSite) -> None:
    """304, 206, several parts, 416 in plain text, and HEAD."""
    record = site.docs(("files", "g.txt", b"hello world, some text"))
    target = url(record, record["files"][0])
    whole = site.ask("GET", target)
    for headers in ({"If-Modified-Since": whole.headers["last-modified"]}, {"If-None-Match": whole.headers["etag"]}):
        answer = site.ask("GET", target, headers=headers)
        assert (answer.status, answer.body) == (304, b"")
        assert "content-type" not in answer.headers
    part = site.ask("GET", target, headers={"Range": "bytes=-4"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"text", "bytes 18-21/22")
    parts = site.ask("GET", target, headers={"Range": "bytes=0-4,6-10"})
    assert parts.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert b"\r\n\r\nhello\r\n--" in parts.body
    assert parts.headers["content-length"] == str(len(parts.body))
    outside = site.ask("GET", target, headers={"Range": "bytes=100-"})
    assert (outside.status, outside.body) == (416, b"invalid range: failed to overlap\n")
    assert outside.headers["content-range"] == "bytes */22"
    senseless = site.ask("GET", target, headers={"Range": "bytes=x"})
    assert (senseless.status, senseless.body) == (416, b"invalid range\n")
    head = site.ask("HEAD", target)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "22")


@pytest.mark.parametrize(
    ("size", "pixels"),
    [
        ("100x100", (100, 100)),
        ("0x50", (75, 50)),
        ("50x0", (50, 33)),
        ("40x20", (40, 20)),
        ("40x20f", (30, 20)),
        ("300x300", (300, 300)),
        ("33x33", (120, 80)),
        ("", (120, 80)),
    ],
)
@pytest.mark.parametrize(("kind", "made"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("GIF", "GIF"), ("WEBP", "PNG")])
def test_thumbs_have_the_stock_servers_sizes(
    site: FileSite, size: str, pixels: tuple[int, int], kind: str, made: str
) -> None:
    """Every mode of every format; a size that the field does not have is the original."""
    record = site.docs(("files", f"a.{kind.lower()}", picture(kind)))
    name = record["files"][0]
    answer = site.ask("GET", url(record, name) + f"?thumb={size}")
    image = Image.open(io.BytesIO(answer.body))
    original = pixels == (120, 80)
    assert (image.format, image.size) == (kind if original else made, pixels)
    shown = name if original else f"{size}_{name}"
    assert answer.headers["content-disposition"] == f'inline; filename="{shown}"'


def test_a_crop_begins_where_its_letter_says(site: FileSite) -> None:
    """From the top there is no blue, from the bottom nothing else."""
    record = site.docs(("files", "a.png", picture(size=(40, 80))))

    def colour(size: str, at: tuple[int, int]) -> Any:
        answer = site.ask("GET", url(record, record["files"][0]) + f"?thumb={size}")
        return Image.open(io.BytesIO(answer.body)).getpixel(at)

    assert colour("40x20t", (5, 10)) == (255, 0, 0)
    assert colour("40x20t", (35, 10)) == (0, 255, 0)
    assert colour("40x20b", (5, 10)) == (0, 0, 255)
    assert colour("40x20", (5, 2)) == (255, 0, 0)
    assert colour("40x20", (5, 17)) == (0, 0, 255)


def test_a_thumb_is_made_once_and_goes_with_its_file(site: FileSite) -> None:
    """It is kept in the store beside the file."""
    record = site.docs(("files", "a.png", picture()))
    name = record["files"][0]
    site.ask("GET", url(record, name) + "?thumb=40x20")
    folder = f"{site.tenant.catalog.collection('docs').id}/{record['id']}"  # type: ignore[union-attr]
    assert site.keys == [f"{folder}/{name}", f"{folder}/thumbs_{name}/40x20_{name}"]
    site.ask("PATCH", f"{DOCS}/{record['id']}", {"files-": [name]})
    assert site.keys == []


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n garbage", b"plain text", picture("BMP")])
def test_what_is_no_image_is_served_as_it_is(site: FileSite, data: bytes) -> None:
    """A thumb that cannot be made is the original."""
    record = site.docs(("files", "a.png", data))
    answer = site.ask("GET", url(record, record["files"][0]) + "?thumb=40x20")
    assert (answer.status, answer.body) == (200, data)


def test_a_decompression_bomb_is_not_unpacked(site: FileSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that claims to be a huge image is served as it is."""
    monkeypatch.setattr("pbe.tenant.thumb.PIXELS_MAX", 1000)
    record = site.docs(("files", "a.png", picture()))
    answer = site.ask("GET", url(record, record["files"][0]) + "?thumb=40x20")
    assert Image.open(io.BytesIO(answer.body)).size == (120, 80)


def test_a_protected_file_wants_a_file_token(site: FileSite) -> None:
    """The view rule is asked for the token's owner; a session's token does not open it."""
    people = site.collection("people", kind="auth")
    record = site.docs(("secret", "s.txt", b"hush"))
    target = url(record, record["secret"])
    assert site.ask("GET", target).status == 200
    site.rules("docs", view_rule="@request.auth.id != '' && @request.context = 'protectedFile'")
    assert site.ask("GET", target).status == 404
    made = site.ask(
        "POST",
        "/api/collections/people/records",
        {"email": "a@b.co", "password": "1234567890", "passwordConfirm": "1234567890"},
    )
    owner = site.record(people.name, made.json["id"])
    token = site.ask("POST", "/api/files/token", auth=owner).json["token"]
    assert site.ask("GET", f"{target}?token={token}").body == b"hush"
    assert site.ask("GET", f"{target}?token={issue(site.tenant, owner, AUTH)}").status == 404
    assert site.ask("GET", f"{target}?token=x").status == 404
    assert site.ask("GET", target, auth=owner).status == 404
    site.rules("docs", view_rule=None)
    assert site.ask("GET", f"{target}?token={token}").status == 404
    root = issue(site.tenant, site.superuser(), FILE)
    assert site.ask("GET", f"{target}?token={root}").body == b"hush"


def test_a_view_serves_the_files_of_its_origin(site: FileSite) -> None:
    """Through one view, and a view of that view."""
    record = site.docs(("title", None, b"x"), ("files", "a.txt", b"one"))
    docs = site.tenant.catalog.collection("docs")
    assert docs is not None
    field = docs.field("files")
    assert field is not None
    for name, source, column in (("v1", "docs", "files"), ("v2", "v1", "f")):
        query = f"SELECT id, {column} AS f FROM {source}"

        async def create(tx: Any, name: str = name, query: str = query) -> None:
            tx.execute(f"CREATE VIEW {name} AS {query}")

        site.run(site.tenant.data.write(create))
        site.collection(name, field.evolve(name="f"), kind="view", options={"viewQuery": query})
        answer = site.ask("GET", f"/api/files/{name}/{record['id']}/{record['files'][0]}")
        assert (answer.status, answer.body) == (200, b"one")


@pytest.mark.parametrize("target", ["/api/files/docs/x/y.png", "/api/files/nope/x/y.png", "/api/files/people/x/y"])
def test_what_is_not_there_is_not_found(site: FileSite, target: str) -> None:
    """No such collection, record or file."""
    assert site.ask("GET", target).status == 404


def test_a_file_that_the_store_lost_is_not_found(site: FileSite) -> None:
    """The record names it, but it is gone."""
    record = site.docs(("files", "a.txt", b"one"))
    site.store.objects.clear()
    assert site.ask("GET", url(record, record["files"][0])).status == 404

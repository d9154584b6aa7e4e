"""Backups are made, kept, fetched and restored while the tenant goes on."""

import io
import zipfile

import pytest

from pbe.tenant import backup_archive
from tests.kit.tenant_site import World

USERS = "/api/collections/users/records"


def _user(world: World, email: str) -> str:
    body = {"email": email, "password": "pass123456", "passwordConfirm": "pass123456"}
    answer = world.root("POST", USERS, body)
    assert answer.status == 200, answer.body
    return str(answer.json["id"])


def _download(world: World, key: str) -> bytes:
    token = world.root("POST", "/api/files/token").json["token"]
    answer = world.ask("GET", f"/api/backups/{key}?token={token}")
    assert answer.status == 200
    assert answer.headers["content-type"] == ["application/zip"]
    assert answer.headers["content-disposition"] == [f'attachment; filename="{key}"']
    assert "etag" not in answer.headers
    return answer.body


def _restore(world: World, key: str) -> None:
    assert world.root("POST", f"/api/backups/{key}/restore").status == 204
    world.clock.advance(1)
    for _ in range(50):
        world.clock.advance(0)
    assert world.tenant.backup is None


def _keys(world: World) -> list[str]:
    return [item["key"] for item in world.root("GET", "/api/backups").json]


def test_a_backup_is_a_stock_pb_data(world: World) -> None:
    """The zip holds the databases whole, uploaded files with the stock server's attributes, and no WAL."""
    world.done(world.tenant.files.put_bytes("users/abc/a.txt", b"hello", "text/plain"))  # type: ignore[union-attr]
    assert world.root("POST", "/api/backups", {"name": "one.zip"}).status == 204
    content = zipfile.ZipFile(io.BytesIO(_download(world, "one.zip")))
    assert set(content.namelist()) == {
        "data.db", "auxiliary.db", "hooks.db", "storage/users/abc/a.txt", "storage/users/abc/a.txt.attrs",
    }  # fmt: skip
    assert content.read("storage/users/abc/a.txt") == b"hello"
    assert b'"user.content_type": "text/plain; charset=utf-8"' in content.read("storage/users/abc/a.txt.attrs")
    assert content.read("data.db").startswith(b"SQLite format 3\0")


def test_a_backup_without_a_name_gets_one(world: World) -> None:
    """The application's name and the time are in it."""
    assert world.root("POST", "/api/backups").status == 204
    assert _keys(world) == ["pb_backup_acme_20260101000000.zip"]


def test_a_restore_brings_everything_back(world: World) -> None:
    """Rows, files and settings are those of the backup; what came later is gone; the tenant answers at once."""
    _user(world, "before@x.co")
    world.done(world.tenant.files.put_bytes("c/r/kept.txt", b"kept", "text/plain"))  # type: ignore[union-attr]
    world.root("POST", "/api/backups", {"name": "one.zip"})
    _user(world, "after@x.co")
    world.root("PATCH", "/api/settings", {"meta": {"appName": "Changed"}})
    world.done(world.tenant.files.put_bytes("c/r/late.txt", b"late", "text/plain"))  # type: ignore[union-attr]
    world.done(world.tenant.files.delete(["c/r/kept.txt"]))  # type: ignore[union-attr]
    _restore(world, "one.zip")
    assert [item["email"] for item in world.root("GET", USERS).json["items"]] == ["before@x.co"]
    assert world.root("GET", "/api/settings").json["meta"]["appName"] == "Acme"
    files = [info.key for info in world.done(world.tenant.files.list())]  # type: ignore[union-attr]
    assert files == ["c/r/kept.txt"]
    assert world.query("PRAGMA integrity_check") == [("ok",)]
    _user(world, "later@x.co")
    assert _keys(world) == ["one.zip"]


def test_a_commit_tells_the_replicator_of_a_restore(world: World) -> None:
    """The pages that a restore wrote are in the WAL when the commit is announced."""
    world.root("POST", "/api/backups", {"name": "one.zip"})
    _user(world, "u@x.co")
    frames: list[int] = []
    world.tenant.data.on_commit = frames.append
    _restore(world, "one.zip")
    assert frames
    assert max(frames) > 10


@pytest.mark.parametrize("name", ["x", "a b.zip", "../x.zip", "A.zip", ".zip"])
def test_a_name_has_to_be_plain(world: World, name: str) -> None:
    """Small letters, digits, dash and underscore, and .zip."""
    answer = world.root("POST", "/api/backups", {"name": name})
    assert answer.status == 400
    assert answer.json["data"]["name"]["code"] == "validation_match_invalid"


def test_a_name_is_taken_once(world: World) -> None:
    """By a backup that was made, or uploaded."""
    world.root("POST", "/api/backups", {"name": "one.zip"})
    again = world.root("POST", "/api/backups", {"name": "one.zip"})
    assert again.json["data"]["name"]["code"] == "validation_backup_name_exists"
    uploaded = world.upload("/api/backups/upload", "one.zip", _download(world, "one.zip"))
    assert uploaded.json["data"]["file"]["code"] == "validation_backup_name_exists"


def test_a_zip_from_elsewhere_can_be_restored(world: World) -> None:
    """Uploaded under another name, it brings back the same rows."""
    _user(world, "before@x.co")
    world.root("POST", "/api/backups", {"name": "one.zip"})
    content = _download(world, "one.zip")
    _user(world, "after@x.co")
    assert world.upload("/api/backups/upload", "Two X.zip", content).status == 204
    _restore(world, "Two%20X.zip")
    assert len(world.root("GET", USERS).json["items"]) == 1


def test_one_at_a_time(world: World) -> None:
    """While one is being made nothing else begins, and it cannot be deleted."""
    world.root("POST", "/api/backups", {"name": "one.zip"})
    world.tenant.backup = "one.zip"
    for method, path in (("POST", "/api/backups"), ("POST", "/api/backups/one.zip/restore")):
        assert world.root(method, path).json["message"].startswith("Try again later")
    assert "currently being used" in world.root("DELETE", "/api/backups/one.zip").json["message"]
    assert world.root("GET", "/api/health").json["data"]["canBackup"] is False
    world.tenant.backup = None
    assert world.root("DELETE", "/api/backups/one.zip").status == 204
    assert _keys(world) == []


def test_only_a_superusers_file_token_opens_one(world: World) -> None:
    """No token, a wrong one, a session's and a user's are refused alike."""
    world.root("POST", "/api/backups", {"name": "one.zip"})
    _user(world, "u@x.co")
    user = world.login("u@x.co", "pass123456", "users")
    file_token = world.ask("POST", "/api/files/token", authorization=user).json["token"]
    for token in ("", "x", world.login(), user, file_token):
        answer = world.ask("GET", f"/api/backups/one.zip?token={token}")
        assert (answer.status, answer.json["message"]) == (403, "Insufficient permissions to access the resource.")


def _zip(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        _zip({"readme.txt": b"no database"}),
        _zip({"data.db": b"garbage"}),
        _zip({"data.db": b""}),
        _zip({"../data.db": b"SQLite format 3\0"}),
        _zip({"storage/../../x/y": b"", "data.db": b""}),
        _zip({"data.db": b"\0" * 50_000_000}),
        _zip({"data.db": b"x"})[:-10],
    ],
    ids=["no database", "garbage", "empty", "leads out", "leads out of storage", "bomb", "torn"],
)
def test_a_zip_that_is_no_backup_changes_nothing(world: World, content: bytes) -> None:
    """The restore fails, is logged, and the tenant is what it was."""
    _user(world, "u@x.co")
    if world.upload("/api/backups/upload", "bad.zip", content).status == 204:
        _restore(world, "bad.zip")
    assert len(world.root("GET", USERS).json["items"]) == 1
    rows = world.query("SELECT message FROM _logs WHERE level = 8", auxiliary=True)
    assert ("Failed to restore backup",) in rows


def test_automatic_backups_keep_their_number(world: World) -> None:
    """The job makes one a minute; the oldest automatic ones go, the others stay."""
    world.root("POST", "/api/backups", {"name": "own.zip"})
    assert world.root("PATCH", "/api/settings", {"backups": {"cron": "* * * * *", "cronMaxKeep": 2}}).status == 200
    for _ in range(4):
        world.clock.advance(60)
        for _ in range(20):
            world.clock.advance(0)
    automatic = [key for key in _keys(world) if key.startswith("@auto_pb_backup_")]
    assert automatic == ["@auto_pb_backup_acme_20260101000300.zip", "@auto_pb_backup_acme_20260101000400.zip"]
    assert "own.zip" in _keys(world)


def test_an_unpacked_database_of_another_page_size_is_made_to_fit(world: World, tmp_path: object) -> None:
    """A data.db with 8 KiB pages, or with rows still in its WAL, restores."""
    import apsw

    world.root("POST", "/api/backups", {"name": "one.zip"})
    content = zipfile.ZipFile(io.BytesIO(_download(world, "one.zip")))
    path = world.tenant.folder / "odd.db"
    path.write_bytes(content.read("data.db"))
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "delete")
    connection.pragma("page_size", 8192)
    connection.execute("VACUUM")
    connection.close()
    odd = _zip({"data.db": path.read_bytes()})
    assert world.upload("/api/backups/upload", "odd.zip", odd).status == 204
    _restore(world, "odd.zip")
    assert world.query("PRAGMA page_size") == [(4096,)]
    assert world.query("SELECT count(*) FROM _superusers") == [(1,)]
    assert backup_archive.DATABASES[0] == "data.db"

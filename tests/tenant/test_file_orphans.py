from collections.abc import Iterator
from pathlib import Path

import pytest

from pbe.tenant.file_orphans import AGE_S_MIN, sweep
from tests.kit.file_site import FileSite, picture


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FileSite]:
    """A tenant with collection `docs`."""
    made = FileSite(tmp_path)
    yield made
    made.close()


def test_only_old_files_that_no_record_names_are_deleted(site: FileSite) -> None:
    """Named files and their thumbs stay, and so do young strangers."""
    record = site.docs(("files", "a.png", picture()), ("secret", "s.txt", b"hush"))
    name = record["files"][0]
    site.ask("GET", f"/api/files/docs/{record['id']}/{name}?thumb=40x20")
    kept = site.keys
    assert len(kept) == 3
    docs = site.tenant.catalog.collection("docs")
    files = site.tenant.files
    assert docs is not None
    assert files is not None
    strays = [
        f"{docs.id}/{record['id']}/stray.txt",
        f"{docs.id}/{record['id']}/thumbs_stray.png/40x20_stray.png",
        f"{docs.id}/nobody/b.txt",
        "gone/nobody/c.txt",
    ]
    for key in strays:
        site.run(files.put_bytes(key, b"x", "text/plain"))
    assert site.run(sweep(site.tenant)) == 0
    site.clock.advance(AGE_S_MIN + 1)
    site.run(files.put_bytes(f"{docs.id}/nobody/young.txt", b"x", "text/plain"))
    assert site.run(sweep(site.tenant)) == len(strays)
    assert site.keys == sorted([*kept, f"{docs.id}/nobody/young.txt"])

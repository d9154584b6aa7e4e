"""What every object store has to do, asked of each of them."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from pbe.errors import Misuse, ObjectMissing, PreconditionFailed
from pbe.objects.counted import CountedStore
from pbe.objects.probe import probe
from pbe.objects.store import TIMESTAMP_KEY, ObjectStore


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that does not suspend."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it suspended")


def test_what_is_put_is_got(store: ObjectStore) -> None:
    """Bytes, size, etag and metadata come back; a second put replaces them all."""
    first = run(store.put("a/b.bin", b"one", metadata={"x-one": "1"}))
    found = run(store.get("a/b.bin"))
    assert (found.data, found.info.size, found.info.etag, found.info.metadata) == (b"one", 3, first, {"x-one": "1"})
    second = run(store.put("a/b.bin", b"three", content_type="text/plain"))
    info = run(store.head("a/b.bin"))
    assert second != first
    assert (info.key, info.size, info.etag, info.metadata) == ("a/b.bin", 5, second, {})


def test_empty_objects_exist(store: ObjectStore) -> None:
    """Nothing is something."""
    run(store.put("empty", b""))
    assert run(store.get("empty")).data == b""
    assert run(store.head("empty")).size == 0


def test_ranges(store: ObjectStore) -> None:
    """A range is clipped to the object, counts from the end when negative, and reports the whole size."""
    run(store.put("k", b"0123456789"))
    for start, length, expected in [(0, 3, b"012"), (8, 5, b"89"), (-4, None, b"6789"), (3, None, b"3456789")]:
        found = run(store.get("k", start=start, length=length))
        assert (found.data, found.info.size) == (expected, 10)
    assert run(store.get("k", start=10)).data == b""
    assert run(store.get("k", start=50, length=4)).data == b""
    assert run(store.get("k", start=2, length=0)).data == b""
    assert run(store.get("k", start=-40)).data == b"0123456789"
    assert run(store.get("k", start=-6, length=2)).data == b"45"


def test_missing_objects(store: ObjectStore) -> None:
    """Reading what is not there is ObjectMissing, deleting it is nothing."""
    for call in (store.get, store.head):
        with pytest.raises(ObjectMissing):
            run(call("no/such"))
    run(store.delete(["no/such"]))
    assert run(store.list("no/")) == []


def test_create_only(store: ObjectStore) -> None:
    """If-None-Match lets one writer through and keeps its bytes and metadata."""
    run(store.put("k", b"first", if_none_match=True, metadata={"who": "first"}))
    with pytest.raises(PreconditionFailed):
        run(store.put("k", b"second", if_none_match=True, metadata={"who": "second"}))
    found = run(store.get("k"))
    assert (found.data, found.info.metadata) == (b"first", {"who": "first"})
    run(store.delete(["k"]))
    run(store.put("k", b"third", if_none_match=True))


def test_replace_only_what_was_seen(store: ObjectStore) -> None:
    """If-Match lets a writer through once per etag, and never over a missing object."""
    etag = run(store.put("k", b"1"))
    newer = run(store.put("k", b"2", if_match=etag))
    with pytest.raises(PreconditionFailed):
        run(store.put("k", b"3", if_match=etag))
    with pytest.raises(PreconditionFailed):
        run(store.put("other", b"3", if_match=etag))
    run(store.put("k", b"4", if_match=newer))
    assert run(store.get("k")).data == b"4"


def test_listing(store: ObjectStore) -> None:
    """A prefix need not end at a slash; keys come sorted, strictly after the one given."""
    for key in ("t/b/2", "t/b/1", "t/a/9", "t/bc", "u/1"):
        run(store.put(key, b"x" * len(key)))
    assert [info.key for info in run(store.list("t/b"))] == ["t/b/1", "t/b/2", "t/bc"]
    assert [info.key for info in run(store.list("t/", after="t/b/1"))] == ["t/b/2", "t/bc"]
    assert [info.size for info in run(store.list(""))] == [5, 5, 5, 4, 3]


def test_listings_have_no_end_at_a_thousand(store: ObjectStore) -> None:
    """More keys than a page of S3 holds are all listed."""
    for n in range(1003):
        run(store.put(f"many/{n:05d}", b""))
    assert len(run(store.list("many/"))) == 1003
    run(store.delete([f"many/{n:05d}" for n in range(1003)]))
    assert run(store.list("many/")) == []


def test_files(store: ObjectStore, tmp_path: Path) -> None:
    """A file is put as bytes are, with its conditions and metadata."""
    path = tmp_path / "plain"
    path.write_bytes(b"z" * 300_000)
    run(store.put_file("f", path, if_none_match=True, metadata={"m": "1"}))
    found = run(store.get("f"))
    assert (found.data, found.info.metadata) == (b"z" * 300_000, {"m": "1"})
    with pytest.raises(PreconditionFailed):
        run(store.put_file("f", path, if_none_match=True))


def test_bad_keys_are_misuse(store: ObjectStore) -> None:
    """No key leaves the store or names a folder."""
    for key in ("", "/a", "a//b", "a/../b", "..", "a/", "a\0b", "x" * 1025):
        with pytest.raises(Misuse):
            run(store.put(key, b""))


def test_the_probe_finds_conditional_writes(store: ObjectStore) -> None:
    """Every store we ship is fit for fencing, and the probe leaves nothing behind."""
    run(probe(store, "nonce"))
    assert run(store.list("")) == []


def test_the_time_of_a_file(store: ObjectStore) -> None:
    """A time in the metadata is kept; a folder has it as the object's own time, where litestream looks for it."""
    run(store.put("k", b"1", metadata={TIMESTAMP_KEY: "2026-11-24T08:24:26.988Z"}))
    info = run(store.head("k"))
    assert info.metadata[TIMESTAMP_KEY] == "2026-11-24T08:24:26.988Z"
    if store.layout == "file":
        assert info.modified_ms == 1795508666988


def test_requests_are_counted(store: ObjectStore) -> None:
    """Each kind of request is counted once, failed ones too."""
    counted = CountedStore(store)
    run(counted.put("a", b"123", if_none_match=True))
    with pytest.raises(PreconditionFailed):
        run(counted.put("a", b"123", if_none_match=True))
    run(counted.get("a"))
    run(counted.head("a"))
    run(counted.list(""))
    run(counted.delete(["a"]))
    seen = counted.requests
    assert (seen.puts, seen.gets, seen.heads, seen.lists, seen.deletes, seen.total) == (2, 1, 1, 1, 1, 6)
    assert (seen.bytes_in, seen.bytes_out) == (6, 3)

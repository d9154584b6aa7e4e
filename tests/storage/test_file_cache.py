from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import ObjectMissing
from pbe.storage.file_cache import FileCache
from tests.kit.sqlite_bench import outcome
from tests.kit.workers import InlineWorkers


class Origin:
    """Where files come from; counts what is fetched."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.gate: Deferred[None] | None = None

    def fetch(self, name: str, size: int = 10) -> Any:
        """A fetch that writes `size` bytes once the gate is open."""

        async def write(path: Path) -> None:
            self.fetched.append(name)
            if self.gate is not None:
                await self.gate
            path.write_bytes(name[:1].encode() * size)

        return write


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that does not wait."""
    return outcome(Deferred.fromCoroutine(coroutine))


def test_a_file_is_fetched_once(tmp_path: Path) -> None:
    """The second time it is here."""
    cache, origin = FileCache(tmp_path, InlineWorkers()), Origin()
    for _ in range(2):
        assert run(cache.get("t/c/r/a", origin.fetch("a"))).read_bytes() == b"a" * 10
    assert origin.fetched == ["a"]


def test_however_many_ask_it_is_fetched_once(tmp_path: Path) -> None:
    """Those that come while it is fetched wait for it, and share its failure."""
    cache, origin = FileCache(tmp_path, InlineWorkers()), Origin()
    origin.gate = Deferred()
    waiting = [Deferred.fromCoroutine(cache.get("a", origin.fetch("a"))) for _ in range(5)]
    origin.gate.callback(None)
    assert [outcome(one).read_bytes() for one in waiting] == [b"a" * 10] * 5
    assert origin.fetched == ["a"]
    origin.gate = Deferred()
    waiting = [Deferred.fromCoroutine(cache.get("b", origin.fetch("b"))) for _ in range(3)]
    origin.gate.errback(ObjectMissing("get", "b"))
    for one in waiting:
        with pytest.raises(ObjectMissing):
            outcome(one)


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    """Never more than the limit, and a use counts."""
    cache, origin = FileCache(tmp_path, InlineWorkers(), bytes_max=25), Origin()
    for name in ("a", "b", "a", "c"):
        run(cache.get(name, origin.fetch(name)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]
    assert cache.bytes_used == 20
    run(cache.get("huge", origin.fetch("huge", 100)))
    assert [path.name for path in tmp_path.iterdir()] == ["huge"]
    run(cache.get("a", origin.fetch("a")))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_failed_fetch_leaves_nothing(tmp_path: Path) -> None:
    """A half-written file is removed."""
    cache = FileCache(tmp_path, InlineWorkers())

    async def half(path: Path) -> None:
        path.write_bytes(b"half")
        raise ObjectMissing("get", "a")

    with pytest.raises(ObjectMissing):
        run(cache.get("a", half))
    assert list(tmp_path.iterdir()) == []


def test_files_can_be_dropped_and_are_fetched_again(tmp_path: Path) -> None:
    """By key, by prefix, and behind the cache's back."""
    cache, origin = FileCache(tmp_path, InlineWorkers()), Origin()
    for key in ("r/a", "r/b", "s/a"):
        run(cache.get(key, origin.fetch(key)))
    run(cache.drop(["s/a", "never"]))
    run(cache.drop_under("r/"))
    assert cache.bytes_used == 0
    run(cache.get("r/a", origin.fetch("r/a")))
    (tmp_path / "r/a").unlink()
    assert run(cache.get("r/a", origin.fetch("r/a"))).exists()
    assert origin.fetched.count("r/a") == 3


def test_the_files_of_an_earlier_run_are_counted(tmp_path: Path) -> None:
    """Half-written ones are removed, whole ones are used, and the limit holds for them too."""
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a").write_bytes(b"x" * 10)
    (tmp_path / "r" / "b.1-1.part").write_bytes(b"x")
    cache, origin = FileCache(tmp_path, InlineWorkers(), bytes_max=15), Origin()
    run(cache.scan())
    assert cache.bytes_used == 10
    run(cache.get("r/a", origin.fetch("a")))
    assert origin.fetched == []
    run(cache.get("r/c", origin.fetch("c")))
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["c"]

from pathlib import Path

from pbe.query.select import Statement
from pbe.schema.field_number import NumberField
from pbe.tenant.page_cache import BYTES_MAX, PAGE_BYTES_MAX, PAGES_MAX, PageCache
from tests.kit.record_site import RecordSite


class Database:
    """Counts commits by hand."""

    generation = 1


def test_a_page_stands_until_the_next_commit() -> None:
    """Also one that was read before a commit and comes after it."""
    database = Database()
    cache = PageCache(database)
    key = cache.key(Statement("SELECT 1", (1,)), "plan")
    assert key is not None
    cache.put(key, 1, b"one")
    assert cache.get(key) == b"one"
    database.generation = 2
    assert cache.get(key) is None
    cache.put(key, 1, b"stale")
    assert cache.get(key) is None


def test_equal_values_of_other_types_are_other_pages() -> None:
    """1, 1.0 and True; and another plan."""
    cache = PageCache(Database())
    keys = {cache.key(Statement("SELECT ?", (value,)), plan) for value in (1, 1.0, True, "1") for plan in ("a", "b")}
    assert len(keys) == 8


def test_chance_and_the_time_of_day_are_not_remembered() -> None:
    """Their words in any case."""
    cache = PageCache(Database())
    assert cache.key(Statement("SELECT 1 ORDER BY RANDOM()", ()), "plan") is None
    assert cache.key(Statement("SELECT StrfTime('%Y', ?)", ("now",)), "plan") is None


def test_what_is_kept_is_bounded() -> None:
    """By number, by bytes, and a large page is not kept at all."""
    cache = PageCache(Database())
    for number in range(3 * PAGES_MAX):
        cache.put(("small", number), 1, b"x")
    assert sum(cache.get(("small", number)) is not None for number in range(3 * PAGES_MAX)) <= PAGES_MAX
    for number in range(20):
        cache.put(("large", number), 1, b"x" * PAGE_BYTES_MAX)
    assert sum(len(cache.get(("large", number)) or b"") for number in range(20)) <= BYTES_MAX
    cache.put(("huge",), 1, b"x" * (PAGE_BYTES_MAX + 1))
    assert cache.get(("huge",)) is None


def test_a_list_shows_every_write_at_once(tmp_path: Path) -> None:
    """Asked again and again, between creates, updates and deletes."""
    site = RecordSite(tmp_path)
    site.collection("things", NumberField(name="n"))
    target = "/api/collections/things/records?sort=n&filter=n%3E0"
    for n in (1, 2, 3):
        made = site.ask("POST", "/api/collections/things/records", {"n": n}).json
        for _ in range(2):
            assert [item["n"] for item in site.ask("GET", target).json["items"]] == list(range(1, n + 1))
    site.ask("PATCH", f"/api/collections/things/records/{made['id']}", {"n": 9})
    assert [item["n"] for item in site.ask("GET", target).json["items"]] == [1, 2, 9]
    site.ask("DELETE", f"/api/collections/things/records/{made['id']}")
    assert [item["n"] for item in site.ask("GET", target).json["items"]] == [1, 2]
    site.close()

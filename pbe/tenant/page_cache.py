"""Pages of lists as JSON, remembered until the database is next written to.

The process owns every connection to a tenant's database and counts its commits, so the same statement with the same
parameters has the same answer for as long as the count stands; unless the answer depends on chance or the time of day,
as a text with one of the words in `_MOODY` may, or a view's query, which is not seen here.
"""

from typing import Protocol

from pbe.query.select import Statement

PAGES_MAX = 64
PAGE_BYTES_MAX = 32 * 1024
BYTES_MAX = 128 * 1024
_MOODY = ("random", "strftime")
Key = tuple[object, ...]


class Generations(Protocol):
    """A database that counts its own commits."""

    generation: int


class PageCache:
    """At most PAGES_MAX pages and BYTES_MAX bytes of one tenant, all of one generation of its database."""

    def __init__(self, database: Generations) -> None:
        self._database = database
        self._generation = -1
        self._bytes = 0
        self._pages: dict[Key, bytes] = {}

    def key(self, statement: Statement, plan: object) -> Key | None:
        """What the page of a statement, written by `plan`, goes by; None where it cannot be remembered.

        The plan stays in the key, so that nothing else ever has its identity. 1, 1.0 and true are one key to Python and
        three values to SQLite, so parameters carry their type.
        """
        lower = statement.sql.lower()
        if any(word in lower for word in _MOODY):
            return None
        return (statement.sql, plan, *((type(value), value) for value in statement.params))

    def get(self, key: Key) -> bytes | None:
        """The page, where nothing was written since it was read."""
        if self._generation != self._database.generation:
            return None
        return self._pages.get(key)

    def put(self, key: Key, generation: int, page: bytes) -> None:
        """Remember what was read while the database was at `generation`."""
        if generation != self._database.generation or len(page) > PAGE_BYTES_MAX:
            return
        if self._generation != generation or len(self._pages) >= PAGES_MAX or self._bytes + len(page) > BYTES_MAX:
            self._pages.clear()
            self._bytes = 0
            self._generation = generation
        self._pages[key] = page
        self._bytes += len(page)

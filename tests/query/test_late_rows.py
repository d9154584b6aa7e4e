"""Finding and sorting by rowid first gives the same rows in the same order, ties included."""

from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbe.query.select import Selection, columns, late_rows, rows
from tests.kit.query_world import FakeCollection, FakeField, FakeRequest

FIELDS = [FakeField("id"), FakeField("a"), FakeField("n", "number"), FakeField("m", "number")]
EVERY = columns([field.name for field in FIELDS])
INDEXES = ["", "(a)", "(n)", "(n, a)", "(a, n, m)", "(m DESC)"]
FILTERS = ["", "n > 0", "a = 'x'", "a != ''", "n = 1 || m = 1", "a ~ 'x'", "n >= 0 && a = 'x' && m < 2", "n != null"]
SORTS = ["n", "-n", "a,-m", "-a,n", "n,a,m", "a:lower", "-m,@rowid", "m,n"]


class OneCollection:
    """A catalog of one."""

    def __init__(self, one: FakeCollection) -> None:
        self._one = one

    def collection(self, name_or_id: str) -> FakeCollection | None:
        """That one."""
        return self._one if name_or_id in (self._one.name, self._one.id) else None


ROW = st.tuples(st.sampled_from(["", "x", "X", "xy"]), st.integers(0, 2), st.integers(0, 2))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(ROW, max_size=60),
    st.sampled_from(INDEXES),
    st.sampled_from(FILTERS),
    st.sampled_from(SORTS),
    st.integers(1, 20),
    st.integers(0, 30),
)
def test_late_rows_are_the_rows(
    made: list[tuple[Any, ...]], index: str, text: str, sort: str, limit: int, offset: int
) -> None:
    """Whatever is stored, indexed, filtered and sorted, every page is the same."""
    db = apsw.Connection(":memory:")
    db.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, a TEXT, n NUMERIC, m NUMERIC)")
    if index:
        db.execute(f"CREATE INDEX i ON rows {index}")
    db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", [(f"r{at:03d}", *row) for at, row in enumerate(made)])
    collection = FakeCollection("rows", FIELDS, indexes=[f"CREATE INDEX i ON rows {index}"] if index else [])
    selection = Selection(OneCollection(collection), collection, FakeRequest(), 0.0)
    selection.filter(text, hidden_allowed=True)
    selection.sort(sort, hidden_allowed=True)
    compiled = selection.compiled()
    plain, late = rows(compiled, EVERY, limit, offset), late_rows(compiled, EVERY, limit, offset)
    assert index or "late" in late.sql
    assert list(db.execute(late.sql, late.params)) == list(db.execute(plain.sql, plain.params))


@pytest.mark.parametrize(
    ("statement", "late"),
    [("(a)", True), ("(n)", False), ("(m, a)", False), ("(lower(a))", False), ("(`a` COLLATE NOCASE DESC)", True)],
)
def test_an_index_that_may_serve_forbids_late_rows(statement: str, late: bool) -> None:
    """A covering index would be read instead of the table, and ties come in its order."""
    collection = FakeCollection("rows", FIELDS, indexes=[f"CREATE INDEX i ON rows {statement}"])
    selection = Selection(OneCollection(collection), collection, FakeRequest(), 0.0)
    selection.filter("n > 0", hidden_allowed=True)
    selection.sort("m", hidden_allowed=True)
    assert ("late" in late_rows(selection.compiled(), EVERY, 30).sql) is late

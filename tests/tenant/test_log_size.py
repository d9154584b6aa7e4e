"""Log data over the limit is cut where the stock server cuts it."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant.log_size import TRUNCATED, cut


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (
            {"auth": "", "details": {"identity": "cannot be blank", "password": "cannot be blank"}, "error": "x"},
            {"auth": "", "details": {"identity": "cannot be blank"}},
        ),
        (
            {"auth": "_superusers", "details": "invalid or incomplete filter expression", "error": "x"},
            {"auth": "_superusers", "details": None},
        ),
        (
            {"auth": "", "details": None, "error": "File not found.", "execTime": 0.062703},
            {"auth": "", "details": None, "error": "File not found."},
        ),
        (
            {"auth": "_superusers", "execTime": 4.756373, "method": "PATCH", "referer": "", "status": 200},
            {"auth": "_superusers", "execTime": 4.756373, "method": "PATCH"},
        ),
    ],
)
def test_what_the_stock_server_keeps_of_sixty_bytes(data: dict[str, object], kept: dict[str, object]) -> None:
    """Observed answers of PocketBase 0.40.6 with logs.maxDataSize 60."""
    assert cut(data, 60) == {**kept, TRUNCATED: True}


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=3), _json, max_size=4), st.integers(0, 80))
def test_any_cut_is_json_and_never_longer(data: dict[str, object], size: int) -> None:
    """Fuzz: whatever is cut wherever, what remains is an object that is no longer than the limit and its mark."""
    kept = cut(data, size)
    text = orjson.dumps(kept)
    if kept is not data:
        assert kept.pop(TRUNCATED) is True
        assert set(kept) <= set(data)
        assert len(text) <= size + len(TRUNCATED) + 64  # the mark, a null and closing braces

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbe.api.tenant.file_range import RangeError, Span, http_date, parse_date, precondition, spans, wanted_range

ETAG = '"abc"'
STORED_S = 1_795_000_000


def asked(headers: Mapping[str, str]) -> int:
    """What the conditions in these headers say."""
    return precondition(lambda name: headers.get(name, ""), ETAG, STORED_S)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("bytes=", []),
        ("bytes=0-4", [Span(0, 5)]),
        ("bytes=5-", [Span(5, 17)]),
        ("bytes=-5", [Span(17, 5)]),
        ("bytes=-0", [Span(22, 0)]),
        ("bytes=-1000", [Span(0, 22)]),
        ("bytes=0-1000", [Span(0, 22)]),
        ("bytes= 0-4 ,, 6 - 8 ", [Span(0, 5), Span(6, 3)]),
        ("bytes=0-0,100-", [Span(0, 1)]),
        ("bytes=0-20,0-20", []),
    ],
)
def test_a_range_means_what_it_means_there(text: str, found: list[Span]) -> None:
    """Of 22 bytes, as the stock server was seen to answer."""
    assert spans(text, 22) == found


@pytest.mark.parametrize("text", ["bytes=x", "items=0-1", "bytes=4-2", "bytes=-", "bytes=--1", "bytes=1", "bytes=²-"])
def test_a_senseless_range_is_refused(text: str) -> None:
    """Without a word about the file's size."""
    with pytest.raises(RangeError) as caught:
        spans(text, 22)
    assert not caught.value.overlap


def test_a_range_outside_is_refused_unless_the_file_is_empty() -> None:
    """Some clients ask for a range of everything."""
    with pytest.raises(RangeError) as caught:
        spans("bytes=100-", 22)
    assert caught.value.overlap
    assert spans("bytes=0-", 0) == []


@given(st.text(alphabet="bytes=0123456789-, \t²x") | st.text(), st.integers(0, 50))
@example("bytes=" + "0-0," * 2000, 50)
def test_any_text_gives_parts_inside_the_file_or_one_error(text: str, size: int) -> None:
    """Garbage never leads outside."""
    try:
        found = spans(text, size)
    except RangeError:
        return
    assert all(0 <= span.start <= span.start + span.length <= size for span in found)
    assert sum(span.length for span in found) <= size


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if-modified-since": http_date(STORED_S)}, 304),
        ({"if-modified-since": http_date(STORED_S - 1)}, 200),
        ({"if-modified-since": "garbage"}, 200),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x", W/"abc"'}, 304),
        ({"if-none-match": '"x"', "if-modified-since": http_date(STORED_S)}, 200),
        ({"if-match": '"x"'}, 412),
        ({"if-match": "*"}, 200),
        ({"if-match": 'W/"abc"'}, 412),
        ({"if-match": ETAG, "if-unmodified-since": http_date(0)}, 200),
        ({"if-unmodified-since": http_date(STORED_S - 1)}, 412),
        ({"if-unmodified-since": http_date(STORED_S)}, 200),
    ],
)
def test_conditions_are_taken_in_their_order(headers: dict[str, str], status: int) -> None:
    """RFC 9110 section 13.2.2."""
    assert asked(headers) == status


def test_a_part_is_only_given_of_the_same_file() -> None:
    """If-Range by date or by tag; another file is given whole."""
    for condition, fits in ((http_date(STORED_S), True), (ETAG, True), ('"x"', False), ("garbage", False)):
        headers = {"range": "bytes=0-4", "if-range": condition}
        assert bool(wanted_range(lambda name, h=headers: h.get(name, ""), ETAG, STORED_S)) is fits


def test_the_three_forms_of_a_date_are_read() -> None:
    """RFC 9110 section 5.6.7."""
    for text in ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"):
        assert parse_date(text) == 784111777
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"

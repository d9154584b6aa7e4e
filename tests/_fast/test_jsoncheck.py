import json
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbe._fast import _jsoncheck, jsoncheck_twin

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
JSON_TEXTS = st.builds(
    lambda value, indent, ascii_only: json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    ),
    JSON_VALUES,
    st.sampled_from([None, 0, 2]),
    st.booleans(),
)
KINDS = (jsoncheck_twin.ANY, jsoncheck_twin.LIST, jsoncheck_twin.POINT)


def agree(text: bytes) -> None:
    """Both say the same of `text` for every kind."""
    for kind in KINDS:
        assert _jsoncheck.is_json(text, kind) == jsoncheck_twin.is_json(text, kind), (text, kind)


@given(JSON_TEXTS)
def test_what_a_json_writer_wrote_is_json_to_both(text: bytes) -> None:
    """Real JSON in three styles."""
    agree(text)
    assert _jsoncheck.is_json(text, jsoncheck_twin.ANY)


@given(JSON_TEXTS, st.data())
def test_damaged_json_is_the_same_to_both(text: bytes, data: st.DataObject) -> None:
    """One byte replaced, or the text cut anywhere."""
    at = data.draw(st.integers(0, len(text)))
    agree(text[:at])
    agree(text[:at] + data.draw(st.binary(max_size=2)) + text[at + 1 :])


@given(st.text(alphabet='[]{}",:\\u0123456789abcdefEtrunl+-. \n\x00\x1f\x7fé\ufeff').map(str.encode))
@example(b"[" * 100 + b"]" * 100)
@example(b"[" * 101 + b"]" * 101)
@example(b'{"a":' * 101 + b"1" + b"}" * 101)
@example(b'["a",]')
@example(b'["a" "b"]')
@example(b'{"a":1,}')
@example(b"01")
@example(b"-")
@example(b"1.e5")
@example(b'{"lon":1,"lat":-2.5e-7}')
@example(b'{"lon":1,"lat":2} ')
@example(b'{"lon":1,"lat":02}')
@example(b'{"lon":"1","lat":2}')
@example(b"9" * 5000)
@example(b"NaN")
@example(b"\xef\xbb\xbf1")
def test_soup_of_json_characters_is_the_same_to_both(text: bytes) -> None:
    """Nearly JSON."""
    agree(text)


@given(st.binary(max_size=12))
@example(b'"\xed\xa0\x80"')
@example(b'"\xc0\x80"')
@example(b'"\xf4\x90\x80\x80"')
@example(b'"\xe0\x80\x80"')
def test_garbage_is_the_same_to_both(text: bytes) -> None:
    """Any bytes, in a string and bare."""
    agree(text)
    agree(b'["' + text + b'"]')


@pytest.mark.parametrize(
    ("text", "is_date"),
    [
        (b"2024-02-29 23:59:59.999Z", True),
        (b"2023-02-29 00:00:00.000Z", False),
        (b"1900-02-29 00:00:00.000Z", False),
        (b"2000-02-29 00:00:00.000Z", True),
        (b"0001-01-01 00:00:00.000Z", False),
        (b"2024-04-31 00:00:00.000Z", False),
        (b"2024-01-01 24:00:00.000Z", False),
        (b"2024-01-01T00:00:00.000Z", False),
        (b"2024-01-01 00:00:00.000", False),
        (b"", False),
    ],
)
def test_a_stored_instant_is_known(text: bytes, is_date: bool) -> None:
    """Only what PocketBase itself stores counts, and only real days."""
    assert _jsoncheck.is_date(text) is jsoncheck_twin.is_date(text) is is_date


@given(st.datetimes(), st.integers(0, 23), st.sampled_from(b"0123456789-: .Zx"))
def test_instants_and_damaged_ones_are_the_same_to_both(moment: object, at: int, char: int) -> None:
    """One character replaced anywhere."""
    text = bytearray(f"{moment:%Y-%m-%d %H:%M:%S}.123Z".rjust(24, "0").encode())
    text[at] = char
    assert _jsoncheck.is_date(bytes(text)) == jsoncheck_twin.is_date(bytes(text))


def test_every_month_and_day_is_the_same_to_both() -> None:
    """All pairs of month and day from 0 to 32 in a leap year and another."""
    for year, month, day in product((2023, 2024), range(14), range(33)):
        text = f"{year}-{month:02}-{day:02} 00:00:00.000Z".encode()
        assert _jsoncheck.is_date(text) == jsoncheck_twin.is_date(text)

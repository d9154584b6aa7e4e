"""What a client's value becomes, per field type; each row was seen at the real server."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.schema import GeoPoint, JsonText, dates, go_cast, go_json
from pbe.schema.field import APPEND, PREPEND, SUBTRACT
from pbe.schema.field_geo_point import GeoPointField
from pbe.schema.field_json import JSONField
from pbe.schema.field_number import NumberField
from pbe.schema.field_select import SelectField
from pbe.schema.fields import TYPES


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("2022-01-01", "2022-01-01 00:00:00.000Z"),
        ("2022-01-01 10:00:00.123Z", "2022-01-01 10:00:00.123Z"),
        ("2022-01-01T10:00:00.123456+02:00", "2022-01-01 08:00:00.123Z"),
        ("2022-01-01 10:00:00 +0200 CEST", "2022-01-01 08:00:00.000Z"),
        ("Mon, 02 Jan 2006 15:04:05 EST", "2006-01-02 15:04:05.000Z"),
        ("02 Jan 06 15:04 MST", "2006-01-02 15:04:00.000Z"),
        ("12 Jan 2022", "2022-01-12 00:00:00.000Z"),
        ("2022-01-01 1:00:00", "2022-01-01 01:00:00.000Z"),
        ("3:04PM", "0000-01-01 15:04:00.000Z"),
        ("Jan  2 15:04:05", "0000-01-02 15:04:05.000Z"),
        ("9999-12-31 23:59:59.999Z", "9999-12-31 23:59:59.999Z"),
        ("0001-01-01 00:00:00.000Z", ""),
        ("2022-02-30", ""),
        ("2022-1-1", ""),
        ("2022-01-01 24:00:00", ""),
        ("2022-01-01 10:00", ""),
        (1700000000.0, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_a_date_is_taken_in_many_spellings_and_kept_in_one(raw: Any, text: str) -> None:
    """Spellings the real server takes give its text, others give no date."""
    assert dates.cast(raw) == text


@given(st.integers(0, 4102444800000))
def test_canonical_dates_read_back_to_themselves(millis: int) -> None:
    """Writing an instant and reading it changes nothing."""
    text = dates.from_seconds(millis / 1000)
    assert dates.cast(text) == text
    assert abs(dates.to_seconds(text) - millis / 1000) < 0.0015


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(text: str) -> None:
    """Garbage never raises."""
    found = dates.cast(text)
    assert found == "" or len(found) == 24


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("1_0_0.5_0", 100.5),
        ("0_1", 1),
        ("1_", 0),
        ("_1", 0),
        ("1__0", 0),
        ("0x1F", 0),
        ("0x1p4", 16),
        ("017", 17),
        (".5", 0.5),
        ("5.", 5),
        (" 12", 0),
        ("1e400", 0),
        ("١٢", 0),
        (True, 1),
        (None, 0),
        (["5"], 0),
    ],
)
def test_a_number_is_parsed_or_zero(raw: Any, number: float) -> None:
    """Text that is no number, lists and null are 0."""
    assert NumberField(name="n").cast(raw) == number


def test_infinity_is_refused_and_not_stored() -> None:
    """`inf` parses, and validation refuses it."""
    field = NumberField(name="n")
    assert math.isinf(field.cast("inf"))
    assert field.validate(field.cast("inf"), None)["code"] == "validation_not_a_number"  # type: ignore[index,arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_is_json_of_the_same_number(value: float) -> None:
    """What we write is read as exactly what it was, and is as short as can be."""
    text = go_json.number_text(value)
    assert float(json.loads(text)) == value
    assert len(text.lstrip("-").replace(".", "").split("e")[0].strip("0")) <= 17


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    )
)
def test_dumps_agrees_with_the_standard_writer(value: Any) -> None:
    """The dumb twin: json.dumps with sorted keys."""
    assert json.loads(go_json.dumps(value)) == value
    try:
        twin = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        twin.encode()
    except UnicodeEncodeError:
        return
    assert go_json.dumps(value) == twin


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ('{"b": 1, "a":2}', '{"b": 1, "a":2}'),
        ({"b": "<a>&", "a": 1, "c": [1.5, 1e5, 1e21]}, '{"a":1,"b":"<a>&","c":[1.5,100000,1e+21]}'),
        ("{bad", '"{bad"'),
        ("1e5", "1e5"),
        ("01", '"01"'),
        (" 5", '" 5"'),
        ("", '""'),
        (None, ""),
        ("null", "null"),
        ("\u200b", '"\\u200b"'),
        ("é😀", '"é😀"'),
        ("\x01", '"\\x01"'),
    ],
)
def test_json_fields_keep_text(raw: Any, text: str) -> None:
    """JSON in a string is JSON, other strings are quoted, objects are written with sorted keys."""
    assert JSONField(name="j").cast(raw) == text


@pytest.mark.parametrize("raw", ["\x01", "\x7f", "a\x07", "\U000e0001"])
def test_json_fields_refuse_what_quoting_breaks(raw: str) -> None:
    """The real server quotes these in a way that is no JSON, and then refuses its own work; so do we."""
    field = JSONField(name="j")
    verdict = field.validate(field.cast(raw), None)  # type: ignore[arg-type]
    assert verdict is not None


def test_json_columns_read_what_affinity_made_of_them() -> None:
    """A JSON text that is a number comes back as one."""
    field = JSONField(name="j")
    assert [field.from_column(raw) for raw in (None, 5, 1.5, '{"a":1}')] == ["", "5", "1.5", '{"a":1}']
    assert field.to_json(JsonText("")) == "null"
    assert field.to_column(JsonText("")) is None


@pytest.mark.parametrize(
    ("raw", "point"),
    [
        ('{"lon":5}', (5, 0)),
        ({"lon": "5", "lat": 3}, (0, 0)),
        ({"LON": 1, "lat": None}, (0, 0)),
        ([1, 2], (0, 0)),
        ("{", (0, 0)),
        ({"lon": 1.5, "lat": -2, "x": []}, (1.5, -2)),
    ],
)
def test_points_need_two_numbers(raw: Any, point: tuple[float, float]) -> None:
    """Anything else is 0,0."""
    assert GeoPointField(name="g").cast(raw) == GeoPoint(*point)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("a", ["a"]),
        ("", []),
        ('["a","b","a",""]', ["a", "b"]),
        ('["a",1]', ["a", '["a",1]']),
        ("[1", ["[1"]),
        ('["a",null]', ["a"]),
        (["a", 1, True, None], ["a", "1", "true"]),
        (["a", ["b"]], []),
        (["a", {}], []),
        (5.0, ["5"]),
        ({}, []),
    ],
)
def test_lists_of_strings_are_distinct_and_not_empty(raw: Any, found: list[str]) -> None:
    """As the real server makes them of lists, JSON text and scalars."""
    assert go_cast.to_unique_strings(raw) == found


def test_modifiers_append_prepend_and_subtract() -> None:
    """`name+`, `+name` and `name-` change the list; a single value keeps the last."""
    many = SelectField(name="s", max_select=3, values=("a", "b", "c"))
    assert many.modify(APPEND, ["a"], "b") == ["a", "b"]
    assert many.modify(PREPEND, ["a"], ["b", "a"]) == ["b", "a"]
    assert many.modify(SUBTRACT, ["a", "b"], "a") == ["b"]
    assert SelectField(name="s", values=("a", "b")).modify(APPEND, "a", "b") == "b"
    assert many.modifiers() == {"s": "", "+s": "prefix+", "s+": "+", "s-": "-"}
    assert NumberField(name="n").modify(SUBTRACT, 5.0, "2") == 3


@pytest.mark.parametrize("kind", sorted(TYPES))
@given(
    st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())
)
def test_no_value_of_a_client_breaks_a_cast(kind: str, raw: Any) -> None:
    """Every type makes a value of anything, and its column reads back as the same column."""
    field = TYPES[kind](name="x")
    value = field.cast(raw)
    column = field.to_column(value)
    if not (isinstance(column, float) and math.isnan(column)):
        assert field.to_column(field.from_column(column)) == column

"""JSON bodies, as the stock server takes and refuses them."""

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.web.json_body import NotJson, decode, decode_object

REFUSED = [
    b'{"v":1,"v":2}',
    b'{"v":{"a":1,"a":2}}',
    b'{"t":"\xff"}',
    b'{"t":"\\ud800"}',
    b'{"n":1e999}',
    b'{"n":1' + b"0" * 400 + b"}",
    b'{"v":NaN}',
    b'{"v":-Infinity}',
    b'{"t":"a\nb"}',
    b'{"t":"a\\qb"}',
    b'\xef\xbb\xbf{"t":"a"}',
    b"[]",
    b'"x"',
    b"5",
    b"{",
    b'{"t":"a"',
    b'{"t":"a",}',
    b"{t:1}",
    b"{'t':1}",
    b'{"n":01}',
    b'{"n":.5}',
    b'{"n":1.}',
    b'{"n":+1}',
    b"truex",
    b"",
    b'{"v":' + b"[" * 100_000,
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_an_object_is_refused(text: bytes) -> None:
    """Each of these gets 400 from the stock server too."""
    with pytest.raises(NotJson):
        decode_object(text)


def test_one_value_is_taken_and_the_rest_left() -> None:
    """Text behind the object, and null with a tail, are let pass."""
    assert decode_object(b'  {"t":"a"} xx') == {"t": "a"}
    assert decode_object(b"nulll") == {}
    assert decode_object(b'{"t":"\\u0000\\ud83d\\ude00"}') == {"t": "\0\U0001f600"}


def test_numbers_are_floats_that_print_as_integers_where_they_can() -> None:
    """1.0 and 1e3 are integers, 2^53 + 1 is rounded, and minus zero keeps its sign."""
    assert [decode(t) for t in (b"1.0", b"1e3", b"9007199254740993")] == [1, 1000, 9007199254740992.0]
    assert isinstance(decode(b"1.0"), int)
    assert isinstance(decode(b"12345678901234567890"), float)
    assert math.copysign(1.0, decode(b"-0")) == math.copysign(1.0, decode(b"-0.0")) == -1.0


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON_VALUES, st.binary())
def test_plain_json_is_read_as_the_standard_module_reads_it(value: object, tail: bytes) -> None:
    """The standard module is the twin, whatever follows the value on another line."""
    text = json.dumps(value, ensure_ascii=False).encode()
    assert decode(text) == value
    try:
        tail.decode()
    except UnicodeDecodeError:
        return
    assert decode(text + b"\n" + tail) == value


@given(st.binary())
def test_garbage_is_one_kind_of_error(data: bytes) -> None:
    """Any bytes are a value or NotJson."""
    with contextlib.suppress(NotJson):
        json.dumps(decode(data))

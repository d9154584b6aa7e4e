import json
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbe._fast import _jsonbuffer, jsonbuffer_twin

DOUBLES = st.floats() | st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])


@given(DOUBLES)
@example(1e15)
@example(1e16)
@example(1e21)
@example(-1.5e-5)
@example(1e-6)
@example(9.999e-7)
@example(-0.0)
@example(5e-324)
@example(float("inf"))
@example(float("nan"))
def test_a_number_is_printed_the_same_and_reads_back(value: float) -> None:
    """Extension and twin agree to the byte, and the text means the value."""
    fast, twin = _jsonbuffer.Buffer(), jsonbuffer_twin.Buffer()
    assert fast.double(value) == twin.double(value)
    text = fast.take()
    assert text == twin.take()
    if text:
        assert float(text) == value


@given(st.integers(-(2**63), 2**63 - 1))
@example(2**53 + 1)
@example(-(2**63))
def test_an_integer_is_printed_the_same(value: int) -> None:
    """Exactly up to 2 ** 53, as the nearest double beyond."""
    fast, twin = _jsonbuffer.Buffer(), jsonbuffer_twin.Buffer()
    assert fast.integer(value) == twin.integer(value) is True
    text = fast.take()
    assert text == twin.take()
    assert float(text) == float(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, b"0"),
        (-0.0, b"-0"),
        (1.5, b"1.5"),
        (1e20, b"100000000000000000000"),
        (1.2345e20, b"123450000000000000000"),
        (1e21, b"1e+21"),
        (1e-6, b"0.000001"),
        (1.5e-7, b"1.5e-7"),
        (-1e300, b"-1e+300"),
    ],
)
def test_numbers_look_as_pocketbase_prints_them(value: float, text: bytes) -> None:
    """The forms that differ between languages."""
    fast = _jsonbuffer.Buffer()
    fast.double(value)
    assert fast.take() == text


@given(st.text() | st.text(alphabet='"\\/\b\f\n\r\t\x00\x1f\x7f\u2028é😀'))
def test_a_string_is_quoted_the_same_and_reads_back(text: str) -> None:
    """Escapes and all planes of Unicode."""
    fast, twin = _jsonbuffer.Buffer(), jsonbuffer_twin.Buffer()
    assert fast.text(text.encode()) == twin.text(text.encode()) is True
    quoted = fast.take()
    assert quoted == twin.take()
    assert json.loads(quoted) == text


@given(st.binary())
def test_bytes_that_are_no_utf8_leave_nothing_behind(data: bytes) -> None:
    """Refused by both, and the buffer stays usable."""
    fast, twin = _jsonbuffer.Buffer(), jsonbuffer_twin.Buffer()
    assert fast.text(data) == twin.text(data)
    assert fast.take() == twin.take()


def test_the_buffer_grows_with_what_is_written() -> None:
    """A megabyte in one piece, and in a hundred thousand."""
    fast = _jsonbuffer.Buffer()
    fast.text(b"x" * 1_000_000)
    assert len(fast.take()) == 1_000_002
    for _ in range(100_000):
        fast.integer(1_234_567_890)
    assert fast.take() == b"1234567890" * 100_000

from hypothesis import given
from hypothesis import strategies as st

from pbe._fast import crc64, crc64_twin


def test_check_value() -> None:
    """Both give the catalogue's check value of CRC-64/GO-ISO."""
    assert crc64.update(0, b"123456789") == crc64_twin.update(0, b"123456789") == 0xB90956C775A41001


@given(st.binary(max_size=200), st.integers(0, 200))
def test_twins_agree_on_any_split(data: bytes, cut: int) -> None:
    """A sum continued over two pieces is the sum of the whole, in both."""
    whole = crc64_twin.update(0, data)
    assert crc64.update(crc64.update(0, data[:cut]), data[cut:]) == whole
    assert crc64_twin.update(crc64_twin.update(0, data[:cut]), data[cut:]) == whole

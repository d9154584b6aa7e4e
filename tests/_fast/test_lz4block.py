import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbe._fast import lz4block, lz4block_twin

PIECES = st.lists(
    st.one_of(st.binary(max_size=40), st.builds(lambda b, n: bytes([b]) * n, st.integers(0, 255), st.integers(0, 700))),
    max_size=12,
)


@given(PIECES.map(b"".join))
@example(b"")
@example(bytes(65536))
@example(b"ab" * 32768)
def test_each_expands_the_others_blocks(data: bytes) -> None:
    """What one compresses the other expands to the same bytes."""
    assert lz4block_twin.expand(lz4block.compress(data), len(data)) == data
    assert lz4block.expand(lz4block_twin.compress(data), len(data)) == data
    assert lz4block.expand(lz4block.compress(data), len(data)) == data


@given(st.binary(min_size=1, max_size=60), st.integers(0, 600))
def test_garbage_expands_alike_or_is_refused(block: bytes, size: int) -> None:
    """A block that the extension takes is one that the reference library takes, with the same bytes."""
    try:
        plain = lz4block.expand(block, size)
    except ValueError:
        return
    assert plain == lz4block_twin.expand(block, size)


def test_too_large_a_block_is_refused() -> None:
    """Positions are 16 bits wide, so a block ends at 64 KiB."""
    for leaf in (lz4block, lz4block_twin):
        with pytest.raises(ValueError, match="65536"):
            leaf.compress(bytes(65537))
        with pytest.raises(ValueError, match="not an LZ4 block"):
            leaf.expand(leaf.compress(b"abc"), 4)

"""Messages are read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.errors import PeerError
from pbe.wire import message
from pbe.wire.message import Call, Event, Fault, Watch


@pytest.mark.parametrize(
    "value", [Call("m", 5, {"a": [1, b"x"]}), Watch("t", 7), Event(9, None), Fault("NotFound", "m", {"f": {}}, "h", 3)]
)
def test_messages_come_back_as_they_were(value: object) -> None:
    """Encode and decode are inverse."""
    assert message.decode(message.encode(value), type(value)) == value


@given(st.binary(max_size=60), st.sampled_from([Call, Watch, Event, Fault]))
def test_garbage_is_one_kind_of_error(data: bytes, kind: type) -> None:
    """Any bytes are a message of the kind or a PeerError."""
    for read in (
        lambda: message.decode(data, kind),
        lambda: message.decode_any(data),
        lambda: message.decode_post(data),
    ):
        try:
            read()
        except PeerError as error:
            assert not error.recoverable  # noqa: PT017


@given(st.binary(max_size=255), st.binary(max_size=100))
def test_posts_come_apart(topic: bytes, data: bytes) -> None:
    """Topic and data survive."""
    assert message.decode_post(message.encode_post(topic, data)) == (topic, data)

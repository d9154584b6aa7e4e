import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant import mime

OBSERVED = json.loads((Path(__file__).parent.parent / "data" / "mime" / "observed.json").read_text())
#: Types of one name with two extensions, of which we know one.
OTHER_EXTENSION = frozenset({".accdb", ".har"})


@pytest.mark.parametrize(("head", "kind", "extension"), OBSERVED)
def test_a_content_is_what_the_stock_server_says(head: str, kind: str, extension: str) -> None:
    """Its type, and the extension that a file without one gets."""
    found = mime.sniff(base64.b64decode(head))
    assert found == kind
    assert mime.extension(found) == extension or extension in OTHER_EXTENSION


@given(st.binary(max_size=200) | st.sampled_from(OBSERVED).map(lambda row: base64.b64decode(row[0])), st.data())
def test_every_content_has_a_type(head: bytes, data: st.DataObject) -> None:
    """Garbage, and known heads cut anywhere or damaged, never fail."""
    at = data.draw(st.integers(0, len(head)))
    for damaged in (head, head[:at], head[:at] + data.draw(st.binary(max_size=3)) + head[at + 1 :]):
        assert "/" in mime.sniff(damaged)


def test_types_are_compared_without_parameters() -> None:
    """A field that allows text/plain allows it in every charset."""
    assert mime.same("text/plain; charset=utf-8", "Text/Plain")
    assert not mime.same("text/plain", "text/html")

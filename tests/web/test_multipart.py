"""The multipart parser, at any chunking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.web.multipart import PART_END, MultipartFault, MultipartParser, Part, boundary_of, parse_head

Found = list[tuple[Part, bytes]]


def parse(data: bytes, boundary: bytes = b"B", step: int = 0) -> Found:
    """Every part with its content; fed in pieces of `step` bytes."""
    parser = MultipartParser(boundary)
    found: Found = []
    open_part: Part | None = None
    content = b""
    for at in range(0, len(data), step or max(len(data), 1)):
        for event in parser.feed(data[at : at + (step or len(data))]):
            if isinstance(event, Part):
                assert open_part is None
                open_part, content = event, b""
            elif event is PART_END:
                assert open_part is not None
                found.append((open_part, content))
                open_part = None
            else:
                content += event
    parser.finish()
    return found


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """One part as browsers send it."""
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    return b"--B\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


CONTENTS = st.lists(st.sampled_from([b"\r\n--B", b"\r\n--", b"\r", b"\n", b"--B--", b"-", b"x", b"\0\xff", b" ", b"B"]))


@given(st.lists(CONTENTS, max_size=4), st.integers(1, 40), st.binary(max_size=5), st.booleans())
def test_what_was_put_together_comes_apart(pieces: list[list[bytes]], step: int, tail: bytes, preamble: bool) -> None:
    """Contents that look like delimiters survive at every chunking; content ends where a delimiter line begins."""
    contents = [b"".join(p).replace(b"\r\n--B\r", b"").replace(b"\r\n--B ", b"") for p in pieces]
    contents = [c.replace(b"\r\n--B--", b"") for c in contents if c.replace(b"\r\n--B--", b"").find(b"\r\n--B") < 0]
    data = b"preamble\r\n" if preamble else b""
    data += b"".join(part(str(i), c) for i, c in enumerate(contents)) + b"--B--\r\n" + tail
    expected = [(Part(str(i), None, ""), c) for i, c in enumerate(contents)]
    if contents and contents[0].startswith(b"--B--"):
        return  # that is an empty part and the end
    if any(c.startswith(b"--B") for c in contents):
        return
    assert parse(data) == expected
    assert parse(data, step=step) == expected


@pytest.mark.parametrize("step", [0, 1, 3])
def test_values_files_and_lookalikes(step: int) -> None:
    """A value, a file, an empty part, and a line that only begins like a delimiter."""
    data = part("t", b"a\r\n--Bx") + part("f", b"\0\1", "dir/a.txt") + part("e", b"") + b"--B--"
    assert parse(data, step=step) == [
        (Part("t", None, ""), b"a\r\n--Bx"),
        (Part("f", "a.txt", ""), b"\0\1"),
        (Part("e", None, ""), b""),
    ]


@pytest.mark.parametrize(
    "data",
    [b"", b"--B", part("t", b"a"), part("t", b"a") + b"--B", b"--X--\r\n", b"--B\r\nnonsense\r\n\r\nx\r\n--B--"],
)
@pytest.mark.parametrize("step", [0, 1])
def test_half_a_form_is_a_fault(data: bytes, step: int) -> None:
    """Without its last boundary, or with a head that is none, a form is refused."""
    with pytest.raises(MultipartFault):
        parse(data, step=step)


def test_limits_hold() -> None:
    """A head without an end, and parts without number, are refused."""
    with pytest.raises(MultipartFault):
        parse(b"--B\r\nA: " + b"x" * 20_000, step=1000)
    with pytest.raises(MultipartFault):
        parse(part("t", b"") * 1001 + b"--B--")
    with pytest.raises(MultipartFault):
        MultipartParser(b"\r\n")
    with pytest.raises(MultipartFault):
        boundary_of("multipart/form-data")


def test_names_are_read_as_browsers_write_them() -> None:
    """Quotes, escapes, bare words, and the starred form."""
    assert parse_head(b"content-disposition:form-data;name=t") == Part("t", None, "")
    head = b'Content-Disposition: form-data; name="a"; filename="x.txt"; filename*=UTF-8\'\'%C3%A9.txt'
    assert parse_head(head).filename == "x.txt"
    assert parse_head(b"Content-Disposition: form-data; name=a; filename*=UTF-8''%C3%A9.txt").filename == "é.txt"
    assert (
        parse_head(b'Content-Disposition: form-data; name="q\\"q"; filename="C:\\dir\\a.txt"').filename
        == "C:\\dir\\a.txt"
    )
    assert parse_head(b"Content-Type: text/plain") == Part("", None, "text/plain")
    assert boundary_of('multipart/form-data; charset=x; boundary="a b"') == b"a b"


@given(st.binary(), st.integers(1, 9))
def test_garbage_is_one_kind_of_error_at_any_chunking(data: bytes, step: int) -> None:
    """Whole or in pieces, the outcome is the same."""

    def outcome(size: int) -> Found | str:
        try:
            return parse(b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\n" + data, step=size)
        except MultipartFault:
            return "fault"

    assert outcome(0) == outcome(step)

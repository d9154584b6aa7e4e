"""Bodies bound as the stock server binds them."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import BadRequest, PayloadTooLarge
from pbe.web.bodies import Bound, read_bound
from pbe.web.body import Body
from pbe.web.form_value import infer
from pbe.web.headers import Headers
from pbe.web.request import Request

FORM = "application/x-www-form-urlencoded"


def bind(content_type: str, body: bytes, target: bytes = b"/", *, chunked: bool = False, limit: int = 10**6) -> Bound:
    """What `body` binds to."""
    reader = Body(None if chunked else len(body))
    if body:
        reader.feed(body)
    reader.finish()
    request = Request("POST", target, Headers([(b"content-type", content_type.encode())]), reader=reader)
    results: list[Any] = []
    Deferred.fromCoroutine(read_bound(request, limit)).addBoth(results.append)
    if isinstance(results[0], Bound):
        return results[0]
    raise results[0].value


def test_json_is_taken_by_the_start_of_its_type() -> None:
    """A charset behind it, and even a longer word, are let pass; another case is not."""
    for content_type in ("application/json", "application/json; charset=latin1", "application/jsonx"):
        assert bind(content_type, b'{"a":1}').data == {"a": 1}
    for content_type in ("Application/JSON", "text/plain", ""):
        with pytest.raises(BadRequest, match="Unsupported Content-Type"):
            bind(content_type, b'{"a":1}')


def test_an_empty_body_is_an_empty_object_unless_it_came_in_chunks() -> None:
    """Only a length of nothing says nothing."""
    assert bind("text/plain", b"").data == {}
    with pytest.raises(BadRequest):
        bind("application/json", b"", chunked=True)


def test_a_form_is_inferred_and_takes_the_query_too() -> None:
    """Values become bools and numbers where they are written so; the query comes behind the body."""
    bound = bind(FORM, b"n=007&m=7&b=true&s=a&s=5&t=x", b"/?t=y&q=1")
    assert bound.data == {"n": "007", "m": 7, "b": True, "s": ["a", 5], "t": ["x", "y"], "q": 1}
    assert bound.form is not None
    assert bound.form["m"] == ["7"]


@pytest.mark.parametrize("body", [b"a=b;c=d", b"a=%zz", b"a=%1", b"@jsonPayload=bad", b"&".join([b"a=1"] * 10_001)])
def test_a_broken_form_is_refused(body: bytes) -> None:
    """A semicolon, a broken escape, a payload that is no JSON, pairs without number."""
    with pytest.raises(BadRequest):
        bind(FORM, body)


def test_a_json_payload_is_put_over_the_form() -> None:
    """A payload replaces a value of its own kind and is refused for another's."""
    assert bind(FORM, b"t=q&@jsonPayload={%22t%22:%22z%22,%22u%22:[1]}").data == {"t": "z", "u": [1]}
    with pytest.raises(BadRequest):
        bind(FORM, b"t=true&@jsonPayload={%22t%22:%22z%22}")


def test_a_multipart_form_has_values_and_files() -> None:
    """Files keep their order and content, large ones too."""
    big = bytes(range(256)) * 2000
    body = (
        b'--B\r\nContent-Disposition: form-data; name="n"\r\n\r\n5\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhi\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="b.bin"\r\n\r\n' + big + b"\r\n--B--\r\n"
    )
    bound = bind("multipart/form-data; boundary=B", body)
    assert bound.data == {"n": 5}
    first, second = bound.files["f"]
    assert (first.filename, first.content_type, first.size, first.read()) == ("a.txt", "text/plain", 2, b"hi")
    assert (second.size, second.read(), second.head) == (len(big), big, big[:4096])
    assert second.open().read(3) == big[:3]


def test_a_body_over_the_limit_is_413() -> None:
    """Announced or not."""
    for chunked in (False, True):
        for content_type in ("application/json", FORM, "multipart/form-data; boundary=B"):
            with pytest.raises(PayloadTooLarge):
                bind(content_type, b"x" * 101, chunked=chunked, limit=100)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("", ""),
        ("true", True),
        ("null", "null"),
        ("1.5", 1.5),
        ("1.50", "1.50"),
        ("05", "05"),
        ("-", "-"),
        ("1.", "1."),
        ("1e3", "1e3"),
        ("+5", "+5"),
        ("-7", -7),
        ("12345678901234567890", "12345678901234567890"),
        ("0.0000001", 0.0000001),
        ("1-2", "1-2"),
        ("٣", "٣"),
    ],
)
def test_a_forms_string_is_a_number_only_as_one_is_printed(raw: str, value: Any) -> None:
    """Anything else stays the string it is."""
    assert infer(raw) == value
    assert type(infer(raw)) is type(value)

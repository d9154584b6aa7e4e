"""Binds a request's body as PocketBase does: JSON, urlencoded forms, multipart with files."""

import dataclasses
from typing import Any

from pbe.errors import BadRequest, PayloadTooLarge
from pbe.web.form_value import infer_form
from pbe.web.json_body import NotJson, decode_object
from pbe.web.multipart import PART_END, MultipartFault, MultipartParser, Part, boundary_of
from pbe.web.request import Request
from pbe.web.upload import UploadedFile
from pbe.wire import query_string

BODY_BYTES_MAX = 32 * 1024 * 1024
FORM_BYTES_MAX = 10 * 1024 * 1024  # of an urlencoded form
VALUES_BYTES_MAX = 42 * 1024 * 1024  # of all plain values of a multipart form together
JSON_PAYLOAD = "@jsonPayload"
_NOTE = "bound"


@dataclasses.dataclass(slots=True)
class Bound:
    """What a body holds.

    data: the values, those of forms inferred (`form_value`); form: the same as the strings that were sent, the query's
    behind the body's, None for JSON; files: by field, in order.
    """

    data: dict[str, Any]
    files: dict[str, list[UploadedFile]] = dataclasses.field(default_factory=dict)
    form: dict[str, list[str]] | None = None


async def read_bound(request: Request, limit_bytes: int = BODY_BYTES_MAX) -> Bound:
    """The body, read once and kept for whoever asks again.

    Raises `PayloadTooLarge`, and `BadRequest` with the stock server's message for what cannot be read.
    """
    bound: Bound | None = request.notes.get(_NOTE)
    if bound is None:
        bound = request.notes[_NOTE] = await _bind(request, limit_bytes)
    return bound


async def _bind(request: Request, limit_bytes: int) -> Bound:
    length = request.reader.length
    if length == 0:
        return Bound({})
    if length is not None and length > limit_bytes:
        raise PayloadTooLarge
    content_type = request.headers.get("content-type")
    try:
        if content_type.startswith("application/json"):
            return Bound(decode_object(await request.body(limit_bytes)))
        if content_type.startswith("multipart/form-data"):
            return await _bind_multipart(request, content_type, limit_bytes)
        if content_type.startswith("application/x-www-form-urlencoded"):
            return _bind_form(request, await request.body(min(limit_bytes, FORM_BYTES_MAX)))
    except (NotJson, MultipartFault, query_string.BadForm) as error:
        raise BadRequest(cause=str(error)) from error
    if content_type.startswith(("text/xml", "application/xml")):
        raise BadRequest(cause="XML is not bound")
    raise BadRequest("Unsupported Content-Type.")


def _bind_form(request: Request, body: bytes) -> Bound:
    return _bound_form(request, query_string.parse_strict(body), {})


def _bound_form(request: Request, form: dict[str, list[str]], files: dict[str, list[UploadedFile]]) -> Bound:
    for key, values in query_string.parse_strict(request.raw_query).items():
        form.setdefault(key, []).extend(values)
    payloads = form.get(JSON_PAYLOAD, [])
    data = infer_form({key: values for key, values in form.items() if key != JSON_PAYLOAD})
    for payload in payloads:
        merge_payload(data, decode_object(payload.encode()))
    return Bound(data, files, form)


def merge_payload(data: dict[str, Any], payload: dict[str, Any]) -> None:
    """Put the payload over the form's values; a value of another kind than the form's is refused, as there."""
    for key, value in payload.items():
        present = data.get(key)
        if present is not None and value is not None and _kind(present) is not _kind(value):
            raise NotJson(f"{key}: another kind of value than in the form")
        data[key] = value


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


async def _bind_multipart(request: Request, content_type: str, limit_bytes: int) -> Bound:
    collector = _Collector(MultipartParser(boundary_of(content_type)))
    received = 0
    async for piece in request.stream():
        received += len(piece)
        if received > limit_bytes:
            raise PayloadTooLarge
        collector.feed(piece)
    collector.parser.finish()
    return _bound_form(request, collector.form, collector.files)


class _Collector:
    """Sorts a multipart body's events into values and files."""

    def __init__(self, parser: MultipartParser) -> None:
        self.parser = parser
        self.form: dict[str, list[str]] = {}
        self.files: dict[str, list[UploadedFile]] = {}
        self._value: bytearray | None = None
        self._file: UploadedFile | None = None
        self._name = ""
        self._values_bytes = 0

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body."""
        for event in self.parser.feed(piece):
            if isinstance(event, bytes):
                self._content(event)
            elif isinstance(event, Part):
                self._begin(event)
            elif event is PART_END:
                self._end()

    def _begin(self, part: Part) -> None:
        self._name = part.name
        if not part.name:
            return
        if part.filename is None:
            self._value = bytearray()
        else:
            self._file = UploadedFile(part.name, part.filename, part.content_type)

    def _content(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)
        elif self._value is not None:
            self._values_bytes += len(data)
            if self._values_bytes > VALUES_BYTES_MAX:
                raise PayloadTooLarge
            self._value += data

    def _end(self) -> None:
        if self._file is not None:
            self.files.setdefault(self._name, []).append(self._file)
        elif self._value is not None:
            self.form.setdefault(self._name, []).append(self._value.decode("utf-8", "replace"))
        self._file = self._value = None

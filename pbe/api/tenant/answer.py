"""Answers that are no records, with the keys that the request's ``fields`` picks."""

from typing import Any

from pbe.tenant import picker
from pbe.tenant.record_json import dumps, plain
from pbe.web.request import Request
from pbe.web.response import Response, json_bytes


def answer(request: Request, value: Any) -> Response:
    """`value` as JSON."""
    fields = request.query_value("fields")
    if fields:
        value = picker.pick(plain(value), picker.parse(fields))
    return json_bytes(dumps(value))

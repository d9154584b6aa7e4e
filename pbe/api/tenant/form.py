"""Forms of a few named, typed values, read from JSON or from a form as the stock server binds them."""

import json
from collections.abc import Mapping
from typing import Any

from pbe.api.tenant.route import limit_of
from pbe.errors import BadRequest, PayloadTooLarge
from pbe.web.bodies import Bound, read_bound
from pbe.web.request import Request

NOT_LOADED = "An error occurred while loading the submitted data."
NOT_VALID = "An error occurred while validating the submitted data."
_LITERAL = json.JSONDecoder()
Shape = Mapping[str, Any]
"""Name → the zero value of its type: "", 0, False or {}."""


async def read_form(request: Request, shape: Shape, *, own_words: bool = False) -> dict[str, Any]:
    """Every value of `shape`, zero where none was sent. Raises `BadRequest` for a body that cannot be bound.

    own_words: say NOT_LOADED of everything, also of what has a message or a status of its own.
    """
    bound = await bind(request, own_words=own_words)
    try:
        if bound.form is not None:
            return from_form(shape, bound.form)
        return from_json(shape, await literal_numbers(request, bound))
    except ValueError as error:
        raise BadRequest(NOT_LOADED, cause=str(error)) from error


async def bind(request: Request, *, own_words: bool = False) -> Bound:
    """The request's body."""
    try:
        return await read_bound(request, limit_of(request))
    except BadRequest as error:
        if own_words or error.message == BadRequest.default_message:
            raise BadRequest(NOT_LOADED, cause=error.cause or error.message) from error
        raise
    except PayloadTooLarge as error:
        if own_words:
            raise BadRequest(NOT_LOADED, cause=error.message) from error
        raise


async def literal_numbers(request: Request, bound: Bound) -> dict[str, Any]:
    """A JSON body's values with 1e2 and 100.0 as floats: for integers the stock server takes digits only."""
    if not any(type(value) is int or isinstance(value, dict) for value in bound.data.values()):
        return bound.data
    text = (await request.body(limit_of(request))).decode().lstrip()
    value: dict[str, Any] = _LITERAL.raw_decode(text)[0]
    return value


def from_json(shape: Shape, data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an object whose names match in any case; ValueError for one of another type, or one sent twice."""
    values = dict(shape)
    names = {name.lower(): name for name in shape}
    seen: set[str] = set()
    for key, value in data.items():
        name = names.get(key.lower())
        if name is None:
            continue
        if name in seen:
            raise ValueError(f"{name} twice")
        seen.add(name)
        if value is not None:
            values[name] = _typed(name, value, shape[name])
    return values


def from_form(shape: Shape, form: Mapping[str, list[str]]) -> dict[str, Any]:
    """The first value of each name, which match as they are spelled."""
    values = dict(shape)
    for name, zero in shape.items():
        if form.get(name):
            values[name] = _parsed(form[name][0], zero)
    return values


def _typed(name: str, value: Any, zero: Any) -> Any:
    if type(value) is not type(zero):
        raise ValueError(f"{name} is no {type(zero).__name__}")
    return value


def _parsed(text: str, zero: Any) -> Any:
    if isinstance(zero, bool):
        return text.lower() in ("1", "t", "true")
    if isinstance(zero, int):
        return int(text) if text else 0
    return text if isinstance(zero, str) else zero


def refuse(errors: Mapping[str, Any] | None, message: str = NOT_VALID) -> None:
    """Raise `BadRequest` with the errors, if there are any."""
    if errors:
        raise BadRequest(message, errors)

"""A collection's body: JSON whose numbers are exact, or a form."""

from typing import Any

from pbe.api.tenant.route import limit_of
from pbe.errors import BadRequest
from pbe.tenant.collection_form import from_form
from pbe.web.bodies import read_bound
from pbe.web.json_body import NotJson, decode_object
from pbe.web.request import Request


async def collection_data(request: Request, unreadable: str, *, exact: bool = True) -> dict[str, Any]:
    """What the client sent; `BadRequest` with `unreadable` where it cannot be read.

    exact: keep `2.0` apart from `2`, as the stock server does for single collections.
    """
    try:
        if request.headers.get("content-type").startswith("application/json") and request.reader.length != 0:
            return decode_object(await request.body(limit_of(request)), exact=exact)
        bound = await read_bound(request, limit_of(request))
        return bound.data if bound.form is None else from_form(bound.form)
    except (NotJson, ValueError) as error:
        raise BadRequest(unreadable, cause=str(error)) from error
    except BadRequest as error:
        raise BadRequest(unreadable, cause=error.cause or error.message) from error

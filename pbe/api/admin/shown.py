"""Records as the platform's API shows them: one with its ETag, many by the page."""

from collections.abc import Iterable
from typing import Any

from pbe.errors import BadRequest, EditConflict
from pbe.web.request import Request
from pbe.web.response import Response, json_response

PER_PAGE = 50
PER_PAGE_MAX = 500
PAGE_MAX = 1_000_000


def one(request: Request, shown: dict[str, Any], revision: int, status: int = 200) -> Response:
    """One record with its revision as ETag; 304 for a reader that has it already."""
    etag = f'"{revision}"'
    headers = [(b"ETag", etag.encode()), (b"Cache-Control", b"no-cache")]
    if request.method in ("GET", "HEAD"):
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match").split(",")]
        if etag in known or "*" in known:
            return Response(304, headers)
    return json_response(shown, status, headers)


def if_match(request: Request) -> int:
    """The revision that the client's If-Match asks for, 0 for any. A tag that cannot match is an EditConflict."""
    given = request.headers.get("if-match").strip()
    if given in ("", "*"):
        return 0
    if "," in given:
        raise BadRequest("The If-Match header must name one ETag.")
    revision = given[1:-1]
    if len(given) < 3 or given[0] != '"' or given[-1] != '"' or not revision.isdecimal() or not revision.isascii():
        raise EditConflict
    return min(int(revision), 2**62) or -1


def page_of(request: Request, keys: list[str]) -> tuple[list[str], dict[str, int]]:
    """The keys of the page that the query asks for, and what the answer says of pages."""
    page = _number(request, "page", 1, PAGE_MAX)
    per_page = _number(request, "perPage", PER_PAGE, PER_PAGE_MAX)
    start = (page - 1) * per_page
    pages = (len(keys) + per_page - 1) // per_page
    counts = {"page": page, "perPage": per_page, "totalItems": len(keys), "totalPages": pages}
    return keys[start : start + per_page], counts


def _number(request: Request, name: str, default: int, most: int) -> int:
    raw = request.query_value(name)
    if not raw:
        return default
    if not raw.isascii() or not raw.isdecimal() or not 1 <= int(raw[:20]) <= most:
        raise BadRequest(f"The parameter {name} must be a whole number from 1 to {most}.")
    return int(raw)


def many(name: str, items: Iterable[dict[str, Any]], counts: dict[str, int]) -> Response:
    """A page of a list: PocketBase's shape, and the list under its own name too, as the platform documents it."""
    shown = list(items)
    return json_response({**counts, "items": shown, name: shown})

"""The router: what is found by the straight way is what the search with its way back finds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pbe.web.router import Router

SEGMENTS = st.sampled_from(["a", "b", "c%61", "%61", "", "x"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda segments: "/" + "/".join(segments))
PATTERN_SEGMENTS = st.sampled_from(["a", "b", "{p}"])
PATTERNS = st.tuples(
    st.lists(PATTERN_SEGMENTS, min_size=1, max_size=4).map(tuple),
    st.sampled_from(["", "/{rest...}"]),
    st.sampled_from(["GET", "POST", ""]),
)


class WalkingRouter(Router):
    """The twin: it always searches."""

    def _straight(self, method: str, segments: list[str], values: list[str]) -> None:
        return None


def _handler(name: str) -> Any:
    async def handler() -> str:
        return name

    return handler


@given(st.lists(PATTERNS, max_size=6, unique=True), st.lists(PATHS, min_size=1, max_size=8))
def test_the_straight_way_finds_what_the_search_finds(
    patterns: list[tuple[tuple[str, ...], str, str]], paths: list[str]
) -> None:
    """Same handler and same values for any routes and paths, escaped, empty and unknown segments among them."""
    fast, slow = Router(), WalkingRouter()
    for segments, rest, method in patterns:
        pattern = "/" + "/".join(segments) + rest
        handler = _handler(pattern)
        fast.add(method, pattern, handler)
        slow.add(method, pattern, handler)
    for path in paths:
        for method in ("GET", "HEAD", "POST"):
            assert fast.find(method, path) == slow.find(method, path)


def test_a_way_that_leads_nowhere_is_gone_back() -> None:
    """A literal is preferred, yet the parameter beside it is tried where the literal has no such end."""
    router, one, two = Router(), _handler("one"), _handler("two")
    router.add("GET", "/a/b/c", one)
    router.add("GET", "/{p}/b", two)
    assert router.find("GET", "/a/b/c") == (one, {})
    assert router.find("GET", "/a/b") == (two, {"p": "a"})
    assert router.find("GET", "/a/x") is None

"""What a client subscribes to: a topic with options, read as the stock server reads it.

    posts/*?options={"query":{"filter":"n>1","fields":"id","expand":"author"},"headers":{"X-Token":"1"}}

The whole text is the name of the events that come of it. What cannot be read of the options is as if it were not there.
"""

import re
from typing import Any, NamedTuple

import orjson

from pbe.schema import go_cast
from pbe.wire import query_string

SUBSCRIPTIONS_MAX = 1000
SUBSCRIPTION_CHARS_MAX = 2500
_WORDS = re.compile(r"[\W_]+", re.ASCII)
_HUMP = re.compile(r"(?<![A-Z])(?=[A-Z])(?<=.)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Options(NamedTuple):
    """A subscription's options; equal ones are evaluated once. `transitions` asks for enter and leave events."""

    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    filter: str = ""
    expand: str = ""
    fields: str = ""
    transitions: bool = False


NO_OPTIONS = Options()


def base_of(topic: str) -> str:
    """The topic without its options."""
    return topic.partition("?")[0]


def options_of(topic: str) -> Options:
    """The topic's options."""
    address, _, fragment = topic.partition("#")
    path, question, query = address.partition("?")
    if not question or not _is_address(path, fragment) or _CONTROL.search(topic):
        return NO_OPTIONS
    values = query_string.parse(query.encode("utf-8", "surrogatepass")).get("options")
    if not values or not values[0]:
        return NO_OPTIONS
    try:
        raw = orjson.loads(values[0])
    except orjson.JSONDecodeError:
        return NO_OPTIONS
    if not isinstance(raw, dict):
        return NO_OPTIONS
    wanted = _texts(raw.get("query"))
    headers = {snake_case(name): value for name, value in _texts(raw.get("headers")).items()}
    return Options(
        tuple(sorted(wanted.items())),
        tuple(sorted(headers.items())),
        wanted.get("filter", ""),
        wanted.get("expand", ""),
        wanted.get("fields", ""),
        raw.get("enterLeave") is True,
    )


def snake_case(name: str) -> str:
    """A header's name as rules write it: "X-Token" is x_token, "requestId" request_id."""
    words = [_HUMP.sub("_", word).lstrip("_") for word in _WORDS.split(name) if word]
    return "_".join(words).lower()


def _texts(raw: Any) -> dict[str, str]:
    if not isinstance(raw, dict):
        return {}
    return {str(key): go_cast.to_string(value) for key, value in raw.items()}


def _is_address(path: str, fragment: str) -> bool:
    """Whether Go's url.Parse takes it: whole percent escapes, and no colon in the first segment that is no scheme."""
    for part in (path, fragment):
        if part.count("%") != len(re.findall(r"%[0-9A-Fa-f]{2}", part)):
            return False
    first = path.partition("/")[0]
    return ":" not in first or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", first) is not None

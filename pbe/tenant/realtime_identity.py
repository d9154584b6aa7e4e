"""Which subscribers see the same: the classes of identity that a rule can tell apart.

A rule that never looks at `@request.auth` treats all alike; one that asks for a field treats those alike who have the
same value there; one that follows a relation, or anything this module cannot read, is asked for each record anew.
"""

import re
from collections.abc import Hashable
from functools import lru_cache

from pbe.tenant.record import Record

#: The rule may tell any two records apart.
EACH = None
Needs = frozenset[str] | None
_PATHS = re.compile(r"@request\.auth\.([A-Za-z0-9_.:]*)")
_IS_ANYBODY = re.compile(r"""@request\.auth\.id\s*\??(?:!=|=)\s*(?:""|'')""")
_OPTIONS = re.compile(r"@request\.(?:query|headers)\b")
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\s*\.")
_PLAIN = re.compile(r"[A-Za-z0-9_]+")


@lru_cache(4096)
def needs_of(text: str) -> Needs:
    """The fields of `@request.auth` that `text` (rules and filters) looks at; EACH where that is not certain.

    Whether there is an auth record at all is not counted: every class knows that.
    """
    paths = _PATHS.findall(_IS_ANYBODY.sub("", text))
    if "@request.auth" in _PATHS.sub("", text):
        return EACH
    if not all(_PLAIN.fullmatch(path) for path in paths):
        return EACH
    return frozenset(paths)


def follows_relations(text: str) -> bool:
    """Whether a filter may lead into another collection, whose own rules then decide what it finds there."""
    return _DOTTED.search(text) is not None


@lru_cache(4096)
def looks_at_options(text: str) -> bool:
    """Whether a rule or filter looks at the subscription's own query or headers."""
    return _OPTIONS.search(text) is not None


def identity(auth: Record | None, needs: Needs) -> Hashable:
    """What `needs` can tell of whoever subscribes."""
    if auth is None:
        return None
    if needs is EACH:
        return (auth.collection.id, auth.id)
    if not needs:
        return True
    return (auth.collection.id, *(_hashable(_value(auth, name)) for name in sorted(needs)))


def _value(auth: Record, name: str) -> object:
    if name == "collectionId":
        return auth.collection.id
    if name == "collectionName":
        return auth.collection.name
    return auth.get(name)


def _hashable(value: object) -> Hashable:
    if isinstance(value, list):
        return tuple(_hashable(item) for item in value)
    return value if isinstance(value, str | int | float) or value is None else repr(value)

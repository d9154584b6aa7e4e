"""The empty collections that the dashboard starts from."""

from collections.abc import Callable

from pbe.ids import random_id
from pbe.schema.collection import Collection, new

INDEX_ID_CHARS = 10


def scaffold(kind: str, random_bytes: Callable[[int], bytes]) -> Collection:
    """A new collection without id, name and secrets; its indexes are named by a random text."""
    made = new(kind, "", lambda: "", collection_id=random_id(random_bytes, INDEX_ID_CHARS))
    return made.evolve(id="")

"""Tables of records with their indexes and a running hash: the memory that `apply` works on.

The hash of the state is the sum, modulo 2**128, of one keyed hash per record. A sum does not depend on the order in
which records were written, so a member that was restored from a snapshot has the same hash as one that applied every
command, and a change costs two small hashes instead of one over everything.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import msgspec

from pbe.fleet.records import Record

HASH_BITS = 128
_MASK = (1 << HASH_BITS) - 1
R = TypeVar("R", bound=Record)
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not what they should be."""
encode = msgspec.msgpack.Encoder().encode


def digest_of(table: str, key: str, data: bytes) -> int:
    """The share of one record in the hash of the state."""
    size = len(key).to_bytes(2, "big")
    hashed = blake2b(size + key.encode() + data, digest_size=HASH_BITS // 8, person=table.encode()[:16])
    return int.from_bytes(hashed.digest(), "big")


class Table(Generic[R]):
    """Records of one type by key, with unique and grouping indexes over their text attributes.

    An empty text is not indexed. Nothing here checks uniqueness: the command does, so that it can say which field.
    Iterating a group or the rows is in no promised order; what decides anything must sort.
    """

    __slots__ = ("_decoder", "groups", "name", "rows", "unique")

    def __init__(self, name: str, kind: type[R], unique: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> None:
        self.name = name
        self.rows: dict[str, R] = {}
        self.unique: dict[str, dict[str, str]] = {attribute: {} for attribute in unique}
        self.groups: dict[str, dict[str, dict[str, None]]] = {attribute: {} for attribute in groups}
        self._decoder = msgspec.msgpack.Decoder(kind)

    def decode(self, data: bytes) -> R:
        """The record in `data`; raises msgspec.DecodeError for anything else."""
        return self._decoder.decode(data)

    def get(self, key: str) -> R | None:
        """The record under the key."""
        return self.rows.get(key)

    def find(self, attribute: str, value: str) -> R | None:
        """The record whose unique attribute has the value."""
        key = self.unique[attribute].get(value)
        return None if key is None else self.rows[key]

    def group(self, attribute: str, value: str) -> list[str]:
        """The sorted keys of the records whose attribute has the value."""
        return sorted(self.groups[attribute].get(value, ()))

    def count(self, attribute: str, value: str) -> int:
        """How many records have the value in the attribute."""
        return len(self.groups[attribute].get(value, ()))

    def swap(self, key: str, record: R | None) -> R | None:
        """Put (or, with None, remove) the record under the key; returns the one that was there."""
        old = self.rows.get(key)
        if old is not None:
            self._unindex(key, old)
        if record is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = record
            self._index(key, record)
        return old

    def _index(self, key: str, record: Record) -> None:
        for attribute, index in self.unique.items():
            if value := getattr(record, attribute):
                index[value] = key
        for attribute, groups in self.groups.items():
            if value := getattr(record, attribute):
                groups.setdefault(value, {})[key] = None

    def _unindex(self, key: str, record: Record) -> None:
        for attribute, index in self.unique.items():
            value = getattr(record, attribute)
            if index.get(value) == key:
                del index[value]
        for attribute, groups in self.groups.items():
            value = getattr(record, attribute)
            members = groups.get(value)
            if members is not None:
                members.pop(key, None)
                if not members:
                    del groups[value]

    def __len__(self) -> int:
        return len(self.rows)

    def sorted_items(self) -> Iterator[tuple[str, R]]:
        """All records in the order of their keys."""
        for key in sorted(self.rows):
            yield key, self.rows[key]

    def digest(self) -> int:
        """The table's share of the state's hash, counted anew: the slow twin of the running sum."""
        return sum(digest_of(self.name, key, encode(row)) for key, row in self.rows.items()) & _MASK


def moved(digest: int, table: str, key: str, old: Any, new: Any) -> int:
    """The hash of the state after `old` gave way to `new` under the key (either may be None)."""
    if old is not None:
        digest -= digest_of(table, key, encode(old))
    if new is not None:
        digest += digest_of(table, key, encode(new))
    return digest & _MASK

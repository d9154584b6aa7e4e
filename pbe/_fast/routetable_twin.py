"""Finds a number by a Host header: the specification of `_routetable`.

The header's value is cut at its port, one trailing dot is dropped, upper case is made lower. What is left is looked
up as a whole host first, then, if it ends with the suffix, what stands before it as an id. IPv6 literals and anything
longer than HOST_BYTES_MAX are found nowhere.
"""

HOST_BYTES_MAX = 320


class HostTable:
    """Two maps, whole hosts and ids, to numbers from 0; -1 is "not there"."""

    def __init__(self, suffix: bytes) -> None:
        self._suffix = suffix
        self._hosts: dict[bytes, int] = {}
        self._ids: dict[bytes, int] = {}

    def put_host(self, host: bytes, number: int) -> None:
        """`host` in lower case, without port or trailing dot."""
        self._hosts[host] = number

    def put_id(self, tenant_id: bytes, number: int) -> None:
        """`tenant_id` as it stands before the suffix."""
        self._ids[tenant_id] = number

    def drop_host(self, host: bytes) -> None:
        """Forget a host; nothing happens where it is unknown."""
        self._hosts.pop(host, None)

    def drop_id(self, tenant_id: bytes) -> None:
        """Forget an id; nothing happens where it is unknown."""
        self._ids.pop(tenant_id, None)

    def find(self, header: bytes) -> int:
        """The number for the value of a Host header, -1 where nothing is found."""
        if len(header) > HOST_BYTES_MAX or header.startswith(b"["):
            return -1
        host = header.partition(b":")[0].lower().removesuffix(b".")
        number = self._hosts.get(host, -1)
        if number < 0 and host.endswith(self._suffix):
            return self._ids.get(host.removesuffix(self._suffix), -1)
        return number

    def by_id(self, tenant_id: bytes) -> int:
        """The number of an id, -1 where it is unknown."""
        return self._ids.get(tenant_id, -1)

    def __len__(self) -> int:
        return len(self._ids)

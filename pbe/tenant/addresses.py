"""IP addresses: their longest form, and whether one is in a list of addresses and subnets."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

_NETWORKS_REMEMBERED_MAX = 1024


def expanded(text: str) -> str | None:
    """The address that `text` is, IPv6 in its longest form; None where it is none."""
    address, percent, zone = text.partition("%")
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return found.exploded + percent + zone if not percent or (zone and found.version == 6) else None


def is_listed(address: str, listed: Iterable[str]) -> bool:
    """Whether an address is one of those listed, or in one of the listed subnets."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in map(_network, listed) if network is not None)


@lru_cache(_NETWORKS_REMEMBERED_MAX)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None

"""Validation rules for hosts, addresses and colours, beside those of `schema.rules`; the empty text passes each."""

import ipaddress
import re
from typing import Any

from pbe.errors import field_error

Entry = dict[str, Any]

_DNS_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}(\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?")
_HEX_COLOR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_DNS_NAME_CHARS_MAX = 255
COLOR_CHARS = 7


def host(value: str) -> Entry | None:
    """Refuses what is neither an IP address nor a DNS name."""
    if not value or is_host(value):
        return None
    return field_error("validation_is_host", "must be a valid IP address or DNS name")


def hex_color(value: str) -> Entry | None:
    """Refuses what is no colour such as #1055c9."""
    if not value:
        return None
    if len(value.encode()) != COLOR_CHARS:
        size = {"min": COLOR_CHARS, "max": COLOR_CHARS}
        return field_error("validation_length_invalid", f"the length must be exactly {COLOR_CHARS}", size)
    if not _HEX_COLOR.fullmatch(value):
        return field_error("validation_is_hex_color", "must be a valid hexadecimal color code")
    return None


def ip_or_subnet(value: str) -> Entry | None:
    """Refuses what is neither an IP address nor a subnet (CIDR). The code's spelling is the stock server's."""
    if not value or is_ip(value) or is_subnet(value):
        return None
    return field_error("validation_invlaid_ip_or_subnet", "invalid IP or CIDR subnet")


def is_host(text: str) -> bool:
    """Whether `text` is an IP address or a DNS name (underscores allowed)."""
    return is_ip(text) or (len(text.replace(".", "")) <= _DNS_NAME_CHARS_MAX and bool(_DNS_NAME.fullmatch(text)))


def is_ip(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_subnet(text: str) -> bool:
    """Whether `text` is an address and a prefix length, host bits allowed."""
    address, slash, bits = text.partition("/")
    if not slash or not bits.isascii() or not bits.isdigit() or (len(bits) > 1 and bits[0] == "0"):
        return False
    bits_max = 32 if "." in address and ":" not in address else 128
    return is_ip(address) and "%" not in address and int(bits) <= bits_max

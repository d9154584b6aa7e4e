"""The validation words of PocketBase's forms and settings: each check takes a value and gives a `field_error` or None.

But for `required`, a check lets the zero value pass, as there. Sizes of text are counted in UTF-8 bytes, as there.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

from pbe.errors import field_error

Check = Callable[[Any], dict[str, Any] | None]
Errors = dict[str, Any]

_DNS_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}(\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?")
_HEX_COLOR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_DNS_NAME_CHARS_MAX = 255


def check(value: Any, *checks: Check) -> dict[str, Any] | None:
    """What the first failing check says, or None."""
    for one in checks:
        found = one(value)
        if found is not None:
            return found
    return None


def collect(**results: Any) -> Errors:
    """Those of the named results that are errors."""
    return {name: result for name, result in results.items() if result}


def required(value: Any) -> dict[str, Any] | None:
    """Not zero: "", 0, false, [] and None are."""
    return None if value else field_error("validation_required", "Cannot be blank.")


def when(condition: bool, *checks: Check) -> Check:
    """The checks, where the condition holds."""
    return lambda value: check(value, *checks) if condition else None


def length(low: int, high: int) -> Check:
    """Text or a list of low..high bytes or items; a low of 0 leaves only the upper bound to be told of."""
    params = {"min": low, "max": high}

    def within(value: Any) -> dict[str, Any] | None:
        size = len(value.encode()) if isinstance(value, str) else len(value)
        if not size or low <= size <= high:
            return None
        if low == high:
            return field_error("validation_length_invalid", f"The length must be exactly {low}.", params)
        if not low:
            return field_error("validation_length_too_long", f"The length must be no more than {high}.", params)
        return field_error("validation_length_out_of_range", f"The length must be between {low} and {high}.", params)

    return within


def at_least(threshold: int) -> Check:
    """A number that is not below the threshold; 0 passes."""
    error = field_error(
        "validation_min_greater_equal_than_required", f"Must be no less than {threshold}.", {"threshold": threshold}
    )
    return lambda value: error if value and value < threshold else None


def at_most(threshold: int) -> Check:
    """A number that is not above the threshold."""
    error = field_error(
        "validation_max_less_equal_than_required", f"Must be no greater than {threshold}.", {"threshold": threshold}
    )
    return lambda value: error if value and value > threshold else None


def one_of(*allowed: str) -> Check:
    """One of the allowed values."""
    return lambda value: (
        field_error("validation_in_invalid", "Must be a valid value.") if value and value not in allowed else None
    )


def none_of(*refused: str) -> Check:
    """None of the refused values."""
    return lambda value: (
        field_error("validation_not_in_invalid", "Must not be in list.") if value and value in refused else None
    )


def match(pattern: re.Pattern[str]) -> Check:
    """Text that the pattern matches as a whole."""
    return lambda value: (
        field_error("validation_match_invalid", "Must be in a valid format.")
        if value and not pattern.fullmatch(value)
        else None
    )


def host(value: str) -> dict[str, Any] | None:
    """An IP address or a DNS name."""
    if not value or is_host(value):
        return None
    return field_error("validation_is_host", "Must be a valid IP address or DNS name.")


def hex_color(value: str) -> dict[str, Any] | None:
    """A colour such as #1055c9."""
    if not value or _HEX_COLOR.fullmatch(value):
        return None
    return field_error("validation_is_hex_color", "Must be a valid hexadecimal color code.")


def ip_or_subnet(value: str) -> dict[str, Any] | None:
    """An IP address or a subnet in CIDR notation. The code's spelling is the stock server's."""
    if not value or is_ip(value) or is_subnet(value):
        return None
    return field_error("validation_invlaid_ip_or_subnet", "Invalid IP or CIDR subnet.")


def each(values: Iterable[Any], *checks: Check) -> Errors:
    """The errors of a list's items, under their positions."""
    found = {str(index): check(value, *checks) for index, value in enumerate(values)}
    return {index: error for index, error in found.items() if error}


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
    return (
        is_ip(address)
        and "%" not in address
        and int(bits) <= (32 if ipaddress.ip_address(address).version == 4 else 128)
    )

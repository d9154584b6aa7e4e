"""Settings are refused with the stock server's paths, codes and messages."""

from typing import Any

import pytest

from pbe.tenant.settings import Settings
from pbe.tenant.settings_check import check

BLANK = ("validation_required", "Cannot be blank.")
CASES: list[tuple[dict[str, Any], dict[str, tuple[str, str]]]] = [
    ({}, {}),
    ({"meta": {"appName": ""}}, {"meta.appName": BLANK}),
    (
        {"meta": None},
        dict.fromkeys(["meta.appName", "meta.appURL", "meta.senderAddress", "meta.senderName"], BLANK),
    ),
    (
        {"meta": {"appName": "a" * 256}},
        {"meta.appName": ("validation_length_out_of_range", "The length must be between 1 and 255.")},
    ),
    (
        {"meta": {"accentColor": "red"}},
        {"meta.accentColor": ("validation_length_invalid", "The length must be exactly 7.")},
    ),
    (
        {"meta": {"accentColor": "#12345g"}},
        {"meta.accentColor": ("validation_is_hex_color", "Must be a valid hexadecimal color code.")},
    ),
    ({"meta": {"accentColor": ""}}, {}),
    ({"meta": {"appURL": "x"}}, {"meta.appURL": ("validation_is_url", "Must be a valid URL.")}),
    ({"meta": {"appURL": "localhost:8090"}}, {}),
    (
        {"meta": {"senderAddress": "x"}},
        {"meta.senderAddress": ("validation_is_email", "Must be a valid email address.")},
    ),
    ({"smtp": {"enabled": True, "host": "", "port": 0}}, {"smtp.host": BLANK, "smtp.port": BLANK}),
    ({"smtp": {"port": -1}}, {"smtp.port": ("validation_min_greater_equal_than_required", "Must be no less than 0.")}),
    ({"smtp": {"authMethod": "X"}}, {"smtp.authMethod": ("validation_in_invalid", "Must be a valid value.")}),
    (
        {"smtp": {"localName": "a b"}},
        {"smtp.localName": ("validation_is_host", "Must be a valid IP address or DNS name.")},
    ),
    ({"smtp": {"host": "a_b"}}, {}),
    ({"superuserIPs": ["x"]}, {"superuserIPs.0": ("validation_invlaid_ip_or_subnet", "Invalid IP or CIDR subnet.")}),
    ({"superuserIPs": ["::1", ""]}, {"superuserIPs.1": BLANK}),
    ({"superuserIPs": ["10.0.0.1/8", "::1/128", "fe80::1"]}, {}),
    (
        {"superuserIPs": ["10.0.0.1/33"]},
        {"superuserIPs.0": ("validation_invlaid_ip_or_subnet", "Invalid IP or CIDR subnet.")},
    ),
    (
        {"s3": {"enabled": True}},
        {f"s3.{name}": BLANK for name in ("accessKey", "bucket", "endpoint", "region", "secret")},
    ),
    ({"s3": {"endpoint": "x y"}}, {"s3.endpoint": ("validation_is_url", "Must be a valid URL.")}),
    ({"backups": {"cron": "", "cronMaxKeep": 0}}, {}),
    ({"backups": {"cron": "@daily"}}, {}),
    ({"backups": {"cron": "* * * * *", "cronMaxKeep": 0}}, {"backups.cronMaxKeep": BLANK}),
    (
        {"backups": {"cronMaxKeep": -1}},
        {"backups.cronMaxKeep": ("validation_min_greater_equal_than_required", "Must be no less than 1.")},
    ),
    (
        {"backups": {"cron": "1,x * * * *"}},
        {"backups.cron": ("validation_invalid_cron", 'Strconv.Atoi: parsing "x": invalid syntax.')},
    ),
    (
        {"batch": {"enabled": True, "maxRequests": 0, "timeout": 0}},
        {"batch.maxRequests": BLANK, "batch.timeout": BLANK},
    ),
    (
        {"logs": {"maxDays": -1}},
        {"logs.maxDays": ("validation_min_greater_equal_than_required", "Must be no less than 0.")},
    ),
    ({"rateLimits": {"enabled": True, "rules": []}}, {"rateLimits.rules": BLANK}),
    (
        {"rateLimits": {"rules": [{"label": "a b c"}]}},
        {
            "rateLimits.rules.0.duration": BLANK,
            "rateLimits.rules.0.label": ("validation_match_invalid", "Must be in a valid format."),
            "rateLimits.rules.0.maxRequests": BLANK,
        },
    ),
    (
        {"rateLimits": {"rules": [{"label": "x", "maxRequests": 1, "duration": 1}] * 2}},
        {
            "rateLimits.rules.1.label": (
                "validation_conflicting_rate_limit_rule",
                "Rate limit rule configuration with label x already exists or conflicts with another rule.",
            )
        },
    ),
    (
        {"rateLimits": {"rules": [{"label": "x", "maxRequests": 1, "duration": 1, "audience": "y"}]}},
        {"rateLimits.rules.0.audience": ("validation_in_invalid", "Must be a valid value.")},
    ),
    (
        {"rateLimits": {"excludedIPs": ["y"]}},
        {"rateLimits.excludedIPs.0": ("validation_invlaid_ip_or_subnet", "Invalid IP or CIDR subnet.")},
    ),
]


def _flat(errors: dict[str, Any], prefix: str = "") -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for name, value in errors.items():
        if isinstance(value.get("code"), str):
            found[prefix + name] = (value["code"], value["message"])
        else:
            found |= _flat(value, f"{prefix}{name}.")
    return found


@pytest.mark.parametrize(("patch", "expected"), CASES)
def test_the_stock_servers_verdict(patch: dict[str, Any], expected: dict[str, tuple[str, str]]) -> None:
    """Each case was asked of PocketBase 0.40.6."""
    assert _flat(check(Settings.default().merged(patch)) or {}) == expected

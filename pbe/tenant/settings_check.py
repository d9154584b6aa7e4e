"""Whether settings may be saved: the stock server's rules, codes and messages."""

import re
from typing import Any

from pbe.errors import field_error
from pbe.schema.address import is_email, url_rule
from pbe.schema.rules import at_least, each, first, gather, length, matches, one_of, required
from pbe.tenant import checks, cron_schedule
from pbe.tenant.rate_limit import ALL, AUTH, GUEST
from pbe.tenant.settings import Document, Settings

Errors = dict[str, Any]
_LABEL = re.compile(r"(\w+ /[\w/-]*|/[\w/-]*|\w+:\w+|\*:\w+|\w+)", re.ASCII)


def check(settings: Settings) -> Errors | None:
    """The errors by path, None where the settings may be saved."""
    return gather(
        superuserIPs=each(required, checks.ip_or_subnet)(settings.superuser_ips),
        meta=_meta(settings.meta),
        logs=gather(
            maxDays=first(settings.logs["maxDays"], at_least(0)),
            maxDataSize=first(settings.logs["maxDataSize"], at_least(0)),
        ),
        smtp=_smtp(settings.smtp),
        s3=check_s3(settings.s3),
        backups=_backups(settings.backups),
        batch=_batch(settings.batch),
        rateLimits=_rate_limits(settings.rate_limits),
    )


def _meta(meta: Document) -> Errors | None:
    return gather(
        accentColor=checks.hex_color(meta["accentColor"]),
        appName=first(meta["appName"], required, length(1, 255)),
        appURL=first(meta["appURL"], required, url_rule),
        senderName=first(meta["senderName"], required, length(1, 255)),
        senderAddress=first(meta["senderAddress"], email_rule, required),
    )


def email_rule(value: str) -> dict[str, Any] | None:
    """Refuses what is no e-mail address; the empty text passes."""
    return None if not value or is_email(value) else field_error("validation_is_email", "must be a valid email address")


def _smtp(smtp: Document) -> Errors | None:
    needed = required if smtp["enabled"] else None
    return gather(
        host=first(smtp["host"], needed, checks.host),
        port=first(smtp["port"], needed, at_least(0)),
        authMethod=first(smtp["authMethod"], one_of("LOGIN", "PLAIN")),
        localName=checks.host(smtp["localName"]),
    )


def check_s3(s3: Document) -> Errors | None:
    """The errors of an S3 section."""
    needed = required if s3["enabled"] else None
    return gather(
        endpoint=first(s3["endpoint"], url_rule, needed),
        **{name: first(s3[name], needed) for name in ("bucket", "region", "accessKey", "secret")},
    )


def _backups(backups: Document) -> Errors | None:
    return gather(
        s3=check_s3(backups["s3"]),
        cron=_cron(backups["cron"]),
        cronMaxKeep=first(backups["cronMaxKeep"], required if backups["cron"] else None, at_least(1)),
    )


def _cron(expression: str) -> dict[str, Any] | None:
    try:
        if expression:
            cron_schedule.parse(expression)
    except cron_schedule.ScheduleInvalid as error:
        return field_error("validation_invalid_cron", str(error))
    return None


def _batch(batch: Document) -> Errors | None:
    needed = required if batch["enabled"] else None
    return gather(
        maxRequests=first(batch["maxRequests"], needed, at_least(0)),
        timeout=first(batch["timeout"], needed, at_least(0)),
        maxBodySize=first(batch["maxBodySize"], at_least(0)),
    )


def _rate_limits(limits: Document) -> Errors | None:
    rules = limits["rules"]
    return gather(
        rules=first(rules, required if limits["enabled"] else None, _conflicts, _each_rule),
        excludedIPs=each(required, checks.ip_or_subnet)(limits["excludedIPs"]),
    )


def _conflicts(rules: list[Document]) -> Errors | None:
    """Two rules may not have one label and audience, nor one's be the beginning of the other's."""
    seen: list[str] = []
    for index, rule in enumerate(rules):
        key = f"{rule['label']}@@{rule['audience']}"
        if any(key.startswith(other) or other.startswith(key) for other in seen):
            message = (
                f"Rate limit rule configuration with label {rule['label']} already exists or conflicts with another"
            )
            error = field_error("validation_conflicting_rate_limit_rule", f"{message} rule.", {"label": rule["label"]})
            return {str(index): {"label": error}}
        seen.append(key)
    return None


def _each_rule(rules: list[Document]) -> Errors | None:
    found = {
        str(index): gather(
            label=first(rule["label"], required, matches(_LABEL.fullmatch)),
            maxRequests=first(rule["maxRequests"], required, at_least(1)),
            duration=first(rule["duration"], required, at_least(1)),
            audience=first(rule["audience"], one_of(ALL, GUEST, AUTH)),
        )
        for index, rule in enumerate(rules)
    }
    return {index: errors for index, errors in found.items() if errors} or None

"""A tenant's settings: the document that stock PocketBase keeps under `settings` in `_params`.

`Settings` is frozen; a change makes another one. The document's key order, defaults and zero values are the stock
server's, so what we write is what it would have written. Secrets are in the document; `public()` leaves them out.
"""

import copy
from collections.abc import Mapping
from typing import Any

import orjson

from pbe.errors import PbeError

Document = dict[str, Any]

_S3 = {
    "enabled": False,
    "bucket": "",
    "region": "",
    "endpoint": "",
    "accessKey": "",
    "secret": "",
    "forcePathStyle": False,
}
_RULE = {"label": "", "audience": "", "duration": 0, "maxRequests": 0}

DEFAULTS: Document = {
    "superuserIPs": [],
    "smtp": {
        "enabled": False,
        "port": 587,
        "host": "smtp.example.com",
        "username": "",
        "password": "",
        "authMethod": "",
        "tls": False,
        "localName": "",
    },
    "backups": {"cron": "", "cronMaxKeep": 3, "s3": _S3},
    "s3": _S3,
    "meta": {
        "accentColor": "#1055c9",
        "appName": "Acme",
        "appURL": "http://localhost:8090",
        "senderName": "Support",
        "senderAddress": "support@example.com",
        "hideControls": False,
    },
    "rateLimits": {
        "rules": [
            {"label": "*:auth", "audience": "", "duration": 3, "maxRequests": 2},
            {"label": "*:create", "audience": "", "duration": 5, "maxRequests": 20},
            {"label": "/api/batch", "audience": "", "duration": 1, "maxRequests": 3},
            {"label": "/api/", "audience": "", "duration": 10, "maxRequests": 300},
        ],
        "excludedIPs": [],
        "enabled": False,
    },
    "trustedProxy": {"headers": [], "useLeftmostIP": False},
    "batch": {"enabled": False, "maxRequests": 50, "timeout": 3, "maxBodySize": 0},
    "logs": {"maxDataSize": 0, "maxDays": 5, "minLevel": 0, "logIP": True, "logAuthId": False},
}
"""A fresh tenant's settings; also says each value's type. Durations are seconds, sizes bytes."""

_ITEMS: dict[str, Any] = {"superuserIPs": "", "excludedIPs": "", "headers": "", "rules": _RULE}
_SECRETS = (("smtp", "password"), ("s3", "secret"), ("backups", "s3", "secret"))


class SettingsUnreadable(PbeError):
    """A document or patch whose values have other types than the settings'."""


class Settings:
    """One version of a tenant's settings. `document` must not be changed; sections are mappings."""

    __slots__ = (
        "backups",
        "batch",
        "document",
        "logs",
        "meta",
        "rate_limits",
        "s3",
        "smtp",
        "superuser_ips",
        "trusted",
    )

    def __init__(self, document: Document) -> None:
        self.document = document
        self.meta: Document = document["meta"]
        self.logs: Document = document["logs"]
        self.smtp: Document = document["smtp"]
        self.s3: Document = document["s3"]
        self.backups: Document = document["backups"]
        self.batch: Document = document["batch"]
        self.rate_limits: Document = document["rateLimits"]
        self.trusted: Document = document["trustedProxy"]
        self.superuser_ips: list[str] = document["superuserIPs"]

    @classmethod
    def default(cls) -> "Settings":
        """The settings of a fresh tenant."""
        return cls(copy.deepcopy(DEFAULTS))

    @classmethod
    def from_json(cls, raw: bytes | str) -> "Settings":
        """The settings that `_params` holds; what the document leaves out has its default."""
        try:
            stored = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise SettingsUnreadable("read settings", hint="the stored value is not JSON (encrypted?)") from error
        return cls.default().merged(stored)

    def merged(self, patch: Any) -> "Settings":
        """These settings with the values of `patch` over them; raises SettingsUnreadable for a value of another type.

        Lists are replaced, null means zero, unknown names are ignored, names match in any case.
        """
        return Settings(_merge(self.document, DEFAULTS, patch, "settings"))

    def to_json(self) -> bytes:
        """The document as stored: with its secrets, an empty S3 secret left out."""
        return orjson.dumps(_without(self.document, lambda path, value: path[-1] == "secret" and not value))

    def public(self) -> Document:
        """The document as a superuser may read it: without secrets."""
        return _without(self.document, lambda path, _: path in _SECRETS)


def _merge(current: Any, shape: Any, patch: Any, name: str) -> Any:
    """`patch` over `current`, both of the type that `shape` shows."""
    if patch is None:
        return _zero(shape)
    if isinstance(shape, dict):
        return _merge_object(current, shape, patch, name)
    if isinstance(shape, list):
        item = _ITEMS[name]
        if not isinstance(patch, list):
            raise SettingsUnreadable("read settings", name, hint="not a list")
        return [_merge(_zero(item), item, value, name) for value in patch]
    if type(patch) is not type(shape):
        raise SettingsUnreadable("read settings", name, hint=f"not {type(shape).__name__}")
    return patch


def _merge_object(current: Document, shape: Document, patch: Any, name: str) -> Document:
    if not isinstance(patch, Mapping):
        raise SettingsUnreadable("read settings", name, hint="not an object")
    given = {key.lower(): value for key, value in patch.items()}
    if len(given) < len(patch):
        raise SettingsUnreadable("read settings", name, hint="a name twice")
    return {
        key: _merge(current[key], shape[key], given[key.lower()], key)
        if key.lower() in given
        else copy.deepcopy(current[key])
        for key in shape
    }


def _zero(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {key: _zero(value) for key, value in shape.items()}
    return type(shape)()


def _without(document: Document, hidden: Any, path: tuple[str, ...] = ()) -> Document:
    """A copy of nested objects without the values that `hidden(path, value)` names."""
    return {
        key: _without(value, hidden, (*path, key)) if isinstance(value, dict) else value
        for key, value in document.items()
        if not hidden((*path, key), value)
    }

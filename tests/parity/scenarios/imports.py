"""Imports of values of the wrong type: the stock server tells which, where, and what it wanted."""

from typing import Any


def _one(**field: Any) -> dict[str, Any]:
    """A collection whose second field is this."""
    return {"name": "zz1", "fields": [{"type": "text", "name": "ok"}, {"name": "x", **field}]}


_COLLECTIONS: list[Any] = [
    _one(type="text", max=2.5),
    _one(type="text", max="x"),
    _one(type="text", max=True),
    _one(type="text", max=1e30),
    _one(type="text", max=9223372036854775808),
    _one(type="text", max={}),
    _one(type="text", max=[]),
    _one(type="text", required=1),
    _one(type="text", required="x"),
    _one(type="text", name=5),
    _one(type="text", name=True),
    _one(type="text", name=[]),
    _one(type="number", min="x"),
    _one(type="number", min=True),
    _one(type="number", min={}),
    _one(type="json", maxSize=2.5),
    _one(type="json", maxSize="x"),
    _one(type="select", values="x"),
    _one(type="select", values=[5]),
    _one(type="select", values={}),
    _one(type="date", min=5),
    _one(type="date", min=True),
    _one(type="date", min=[]),
    _one(type="zz"),
    _one(type=5),
    _one(),
    {"name": "zz1", "fields": 5},
    {"name": "zz1", "fields": {}},
    {"name": "zz1", "fields": "x"},
    {"name": "zz1", "fields": [5]},
    {"name": "zz1", "fields": [None]},
    {"name": "zz1", "indexes": "x"},
    {"name": "zz1", "indexes": [5]},
    {"name": "zz1", "listRule": 5},
    {"name": "zz1", "listRule": True},
    {"name": "zz1", "system": "x"},
    {"name": "zz1", "type": 5},
    {"name": 5},
    {"id": 5, "name": "zz1"},
    {"name": "zz1", "created": 5},
    {"name": "zz1", "authToken": 5},
    {"name": "zz1", "type": "auth", "authToken": {"duration": "x"}},
    {"name": "zz1", "type": "auth", "authToken": {"duration": 2.5}},
    {"name": "zz1", "type": "auth", "oauth2": {"providers": 5}},
    {"name": "zz1", "type": "auth", "oauth2": {"providers": [5]}},
    {"name": "zz1", "type": "auth", "oauth2": {"providers": [{"name": 5}]}},
    {"name": "zz1", "type": "auth", "oauth2": {"providers": [{"pkce": 5}]}},
    {"name": "zz1", "type": "auth", "oauth2": {"providers": [{"extra": 5}]}},
    {"name": "zz1", "type": "auth", "otp": {"length": "x"}},
    {"name": "zz1", "type": "auth", "otp": {"emailTemplate": {"subject": 5}}},
    {"name": "zz1", "type": "auth", "passwordAuth": {"identityFields": "x"}},
    {"name": "zz1", "type": "auth", "verificationTemplate": 5},
    {"name": "zz1", "type": "view", "viewQuery": 5},
    {"name": "users", "system": "x"},
    {"name": "users", "fields": [{"type": "zz"}]},
]
SETUP: list[dict[str, Any]] = []
SCENARIOS: list[dict[str, Any]] = [
    {"name": f"import {number}", "PUT": "/api/collections/import", "as": "admin", "json": {"collections": [data]}}
    for number, data in enumerate(_COLLECTIONS)
]

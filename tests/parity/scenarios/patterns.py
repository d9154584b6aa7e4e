"""Rules that take a list of the request for a pattern: they are saved, and fail when they are asked."""

from typing import Any

_RULES = [
    "@request.body.sel:lower !~ @request.body.more:each",
    "t ~ @request.body.more:each",
    "'1' ~ @request.body.more:each",
    "@request.body.more.name ?~ @request.body.more:each",
    "@request.auth.email ~ @request.body.sel:each",
    "t = 'x' || t ~ @request.body.sel:each",
    "t ~ sel:each",
    "t ?~ sel:each",
    "t ~ more.name",
]
_AT = "/api/collections/alpha"
SETUP: list[dict[str, Any]] = [
    {"name": "alpha", "POST": "/api/collections", "as": "admin", "json": {
        "name": "alpha", "type": "base", "listRule": "", "fields": [
            {"type": "text", "name": "t"}, {"type": "select", "values": ["a", "b", "c"], "maxSelect": 3, "name": "sel"},
            {"type": "relation", "name": "more", "maxSelect": 3, "collectionId": "_pb_users_auth_"}]}},
    {"name": "one", "POST": f"{_AT}/records", "as": "admin", "json": {"id": "one000000000000", "t": "a", "sel": ["a"]}},
]  # fmt: skip


def _ask(rule: str) -> list[dict[str, Any]]:
    rules = {f"{kind}Rule": rule for kind in ("list", "view", "create", "update", "delete")}
    body = {"t": "ab", "sel": ["a", "b"]}
    return [
        {"name": f"save {rule}", "PATCH": _AT, "as": "admin", "json": rules},
        {"name": f"list under {rule}", "GET": f"{_AT}/records?fields=id"},
        {"name": f"view under {rule}", "GET": f"{_AT}/records/one000000000000"},
        {"name": f"create under {rule}", "POST": f"{_AT}/records", "json": body},
        {"name": f"update under {rule}", "PATCH": f"{_AT}/records/one000000000000", "json": body},
        {"name": f"delete under {rule}", "DELETE": f"{_AT}/records/nosuch"},
    ]  # fmt: skip


SCENARIOS: list[dict[str, Any]] = [step for rule in _RULES for step in _ask(rule)]

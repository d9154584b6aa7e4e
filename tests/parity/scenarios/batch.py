"""Batches: one transaction, its parts' own rules, upserts, and every wrong form."""

from typing import Any

_B = "/api/batch"
_R = "/api/collections/notes/records"
_A = "aaa000000000000"
SETUP: list[dict[str, Any]] = [
    {"name": "notes", "POST": "/api/collections", "as": "admin", "json": {
        "name": "notes", "type": "base", "listRule": "", "viewRule": "", "createRule": "text != 'forbidden'", "updateRule": "text != 'frozen'", "deleteRule": "text != 'frozen'",
        "fields": [{"type": "text", "name": "text", "max": 20}, {"type": "number", "name": "n"}, {"type": "file", "name": "doc", "maxSelect": 1}, {"type": "file", "name": "docs", "maxSelect": 3}],
        "indexes": ["CREATE UNIQUE INDEX idx_notes_n ON notes (n) WHERE n != 0"]}},
    {"name": "closed", "POST": "/api/collections", "as": "admin", "json": {"name": "closed", "type": "base", "fields": [{"type": "text", "name": "x"}]}},
    {"name": "a note", "POST": _R, "as": "admin", "json": {"id": _A, "text": "one", "n": 1}},
    {"name": "a frozen note", "POST": _R, "as": "admin", "json": {"id": "fff000000000000", "text": "frozen", "n": 2}},
]  # fmt: skip


def _batch(name: str, *requests: Any, who: str = "guest") -> dict[str, Any]:
    return {"name": name, "POST": _B, "as": who, "json": {"requests": list(requests)}}


def _one(method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
    return {"method": method, "url": url, **({"body": body} if body is not None else {}), **more}


_COUNT = {"GET": f"{_R}?fields=text,n&sort=n,text"}
SCENARIOS: list[dict[str, Any]] = [
    _batch("while batches are off", _one("POST", _R, {"text": "x"})), _batch("while off, as a superuser", _one("POST", _R, {"text": "x"}), who="admin"),
    {"name": "batches on", "PATCH": "/api/settings", "as": "admin", "json": {"batch": {"enabled": True, "maxRequests": 4, "timeout": 3}}},
    _batch("nothing"), {"name": "no requests", "POST": _B, "json": {}}, {"name": "requests null", "POST": _B, "json": {"requests": None}}, {"name": "requests text", "POST": _B, "json": {"requests": "x"}}, {"name": "a request null", "POST": _B, "json": {"requests": [None]}}, {"name": "a broken body", "POST": _B, "raw": "{bad"},
    _batch("one create", _one("POST", _R, {"text": "b1", "n": 11})), _batch("one update", _one("PATCH", f"{_R}/{_A}", {"text": "upd"})), _batch("one delete", _one("DELETE", f"{_R}/nosuch")),
    _batch("create, update, delete", _one("POST", _R, {"id": "bbb000000000000", "text": "b2", "n": 12}), _one("PATCH", f"{_R}/bbb000000000000", {"n+": 1}), _one("DELETE", f"{_R}/bbb000000000000")),
    _batch("the second fails", _one("POST", _R, {"text": "lost", "n": 13}), _one("POST", _R, {"text": "x" * 21})), {"name": "so the first is not there", **_COUNT},
    _batch("the second is forbidden", _one("POST", _R, {"text": "lost", "n": 14}), _one("POST", _R, {"text": "forbidden"})), _batch("a rule of null", _one("POST", "/api/collections/closed/records", {"x": "1"})), _batch("a rule of null as a superuser", _one("POST", "/api/collections/closed/records", {"x": "1"}), who="admin"),
    _batch("an update of the frozen", _one("PATCH", f"{_R}/fff000000000000", {"n": 5})), _batch("a delete of the frozen", _one("DELETE", f"{_R}/fff000000000000")), _batch("unique twice", _one("POST", _R, {"text": "u", "n": 50}), _one("POST", _R, {"text": "u", "n": 50})),
    _batch("an upsert that creates", _one("PUT", _R, {"id": "ccc000000000000", "text": "up", "n": 20})), _batch("an upsert that updates", _one("PUT", _R, {"id": "ccc000000000000", "text": "up2"})), _batch("an upsert without id", _one("PUT", _R, {"text": "up3"})), _batch("an upsert of the frozen", _one("PUT", _R, {"id": "fff000000000000", "text": "x"})), _batch("an upsert with a bad id", _one("PUT", _R, {"id": "x", "text": "x"})), _batch("an upsert at a record", _one("PUT", f"{_R}/ccc000000000000", {"text": "x"})),
    *(_batch(f"{method} {url}", _one(method, url, {})) for method, url in (("GET", _R), ("GET", f"{_R}/{_A}"), ("POST", "/api/collections"), ("POST", "/api/batch"), ("POST", "/api/settings"), ("POST", "/nowhere"), ("POST", ""), ("", _R), ("post", _R), ("POST", "/api/collections/nosuch/records"), ("POST", "http://127.0.0.1" + _R), ("POST", _R + "?expand=x&fields=id,text"), ("POST", "/api/collections/users/auth-with-password"), ("PATCH", _R), ("DELETE", _R), ("OPTIONS", _R))),
    _batch("five of four", *(_one("POST", _R, {"text": str(number)}) for number in range(5))), _batch("four of four", *(_one("POST", _R, {"text": str(number)}) for number in range(4))),
    _batch("a header of its own", _one("POST", _R, {"text": "h"}, headers={"X-Test": "1"})), _batch("an Authorization of its own", _one("POST", "/api/collections/closed/records", {"x": "1"}, headers={"Authorization": "x"})), _batch("headers of a wrong type", _one("POST", _R, {"text": "h"}, headers="x")), _batch("a body of a wrong type", _one("POST", _R, "x")), _batch("a body that is a list", _one("POST", _R, [])),
    {"name": "a form", "POST": _B, "form": [{"name": "@jsonPayload", "value": '{"requests":[{"method":"POST","url":"/api/collections/notes/records","body":{"text":"form"}}]}'}, {"name": "requests.0.doc", "filename": "a.txt", "content": "hello", "type": "text/plain"}]},
    {"name": "a form with a file list", "POST": _B, "form": [{"name": "@jsonPayload", "value": '{"requests":[{"method":"POST","url":"/api/collections/notes/records","body":{"text":"form2"}}]}'}, {"name": "requests[0].docs", "filename": "a.txt", "content": "a"}, {"name": "requests[0].docs", "filename": "b.txt", "content": "b"}]},
    {"name": "a form with a file for nobody", "POST": _B, "form": [{"name": "@jsonPayload", "value": '{"requests":[{"method":"POST","url":"/api/collections/notes/records","body":{"text":"form3"}}]}'}, {"name": "requests.7.doc", "filename": "a.txt", "content": "a"}]},
    {"name": "a form without a payload", "POST": _B, "form": [{"name": "requests.0.doc", "filename": "a.txt", "content": "a"}]}, {"name": "what is there now", **_COUNT},
]  # fmt: skip

"""Files: uploads and their names, changes, thumbs, protection, ranges, and how each kind is served."""

import base64
import struct
import zlib
from typing import Any


def _png(width: int, height: int) -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    line = [bytes((x * 255 // width, 90, 128)) for x in range(width)]
    rows = (b"\0" + b"".join(line)) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    ).decode("latin-1")


_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7").decode("latin-1")
_AT = "/api/collections/docs/records"
_SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def _file(field: str, filename: str, content: str, kind: str = "application/octet-stream") -> dict[str, str]:
    return {"name": field, "filename": filename, "content": content, "type": kind}


_ONE = "ooo000000000000"
_NAMES = [
    "plain.txt",
    "Été Rapport (1).txt",
    "a.tar.gz",
    "noext",
    ".hidden",
    "UPPER.TXT",
    "a b&c.txt",
    "../../etc/passwd",
    "x" * 200 + ".txt",
    "dots...txt",
    "wrong.png",
    "ünï.pdf",
    "q'uote.txt",
    "100%.txt",
    "日本.txt",
    "a.b",
    "-.txt",
    "a.verylongextensionindeed",
]
SETUP: list[dict[str, Any]] = [
    {"name": "docs", "POST": "/api/collections", "as": "admin", "json": {
        "name": "docs", "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
        "fields": [{"type": "text", "name": "t"}, {"type": "file", "name": "any", "maxSelect": 1}, {"type": "file", "name": "many", "maxSelect": 3}, {"type": "file", "name": "small", "maxSize": 10},
                   {"type": "file", "name": "pic", "mimeTypes": ["image/png", "image/gif"], "thumbs": ["10x10", "10x10t", "10x10b", "10x10f", "0x10", "10x0"]}, {"type": "file", "name": "safe", "protected": True}]}},
    {"name": "needed", "POST": "/api/collections", "as": "admin", "json": {"name": "needed", "type": "base", "createRule": "", "updateRule": "", "fields": [{"type": "file", "name": "must", "required": True}]}},
    {"name": "locked", "POST": "/api/collections", "as": "admin", "json": {"name": "locked", "type": "base", "viewRule": "@request.auth.id != ''", "createRule": "", "fields": [{"type": "file", "name": "safe", "protected": True}, {"type": "file", "name": "open"}]}},
    {"name": "a record with files", "POST": _AT, "save": {"any": "any", "pic": "pic", "safe": "safe", "m0": "many.0", "m1": "many.1"}, "form": [
        {"name": "id", "value": _ONE}, _file("any", "hello.txt", "hello, world: 0123456789", "text/plain"), _file("many", "a.html", "<b>x</b>", "text/html"), _file("many", "b.svg", _SVG, "image/svg+xml"),
        _file("pic", "pic.png", _png(40, 20), "image/png"), _file("safe", "safe.txt", "secret", "text/plain")]},
    {"name": "a locked record", "POST": "/api/collections/locked/records", "save": {"locked": "safe", "lopen": "open"}, "form": [{"name": "id", "value": _ONE}, _file("safe", "s.txt", "secret"), _file("open", "o.json", '{"a":1}')]},
    {"name": "a user", "POST": "/api/collections/users/records", "as": "admin", "json": {"email": "u@example.com", "password": "secret123", "passwordConfirm": "secret123"}},
    {"name": "he signs in", "POST": "/api/collections/users/auth-with-password", "json": {"identity": "u@example.com", "password": "secret123"}, "token": {"user": "token"}},
    {"name": "his file token", "POST": "/api/files/token", "as": "user", "save": {"filetoken": "token"}}, {"name": "a superuser's file token", "POST": "/api/files/token", "as": "admin", "save": {"admintoken": "token"}},
]  # fmt: skip
_F = f"/api/files/docs/{_ONE}"
_L = f"/api/files/locked/{_ONE}"
SCENARIOS: list[dict[str, Any]] = [
    *({"name": f"an upload named {name!r:.40}", "POST": _AT, "form": [_file("any", name, "hello")]} for name in _NAMES),
    *({"name": f"an upload of {name} as {kind}", "POST": _AT, "form": [_file("pic", name, content, kind)]} for kind, name, content in (("image/png", "a.png", _png(4, 4)), ("image/gif", "a.gif", _GIF), ("text/plain", "a.png", "text"), ("image/png", "no.png", "not a png"), ("text/plain", "really.txt", _png(4, 4)))),
    {"name": "too large", "POST": _AT, "form": [_file("small", "s.txt", "x" * 11)]}, {"name": "just right", "POST": _AT, "form": [_file("small", "s.txt", "x" * 10)]}, {"name": "an empty file", "POST": _AT, "form": [_file("any", "e.txt", "")]}, {"name": "two in a single field", "POST": _AT, "form": [_file("any", "a.txt", "a"), _file("any", "b.txt", "b")]},
    {"name": "four of three", "POST": _AT, "form": [_file("many", f"{number}.txt", "x") for number in range(4)]}, {"name": "a required one missing", "POST": "/api/collections/needed/records", "json": {}}, {"name": "a required one given", "POST": "/api/collections/needed/records", "form": [_file("must", "m.txt", "m")]}, {"name": "a file in a text field", "POST": _AT, "form": [_file("t", "t.txt", "x")]}, {"name": "a text in a file field", "POST": _AT, "json": {"any": "made_up.txt"}}, {"name": "an unknown file field", "POST": _AT, "form": [_file("nosuch", "t.txt", "x")]},
    *({"name": f"GET {path[:60]} {headers or ''}", "GET": path, **({"headers": headers} if headers else {})} for path, headers in (
        (f"{_F}/{{any}}", {}), (f"{_F}/{{any}}?download=1", {}), (f"{_F}/{{any}}?download=0", {}), (f"{_F}/{{any}}?download=", {}), (f"{_F}/{{any}}?thumb=10x10", {}), (f"{_F}/{{m0}}", {}), (f"{_F}/{{m1}}", {}), (f"{_F}/{{m1}}?download=t", {}), (f"{_F}/{{any}}", {"Range": "bytes=0-4"}), (f"{_F}/{{any}}", {"Range": "bytes=-4"}), (f"{_F}/{{any}}", {"Range": "bytes=5-"}), (f"{_F}/{{any}}", {"Range": "bytes=999-"}), (f"{_F}/{{any}}", {"Range": "nonsense"}),
        (f"{_F}/{{any}}", {"If-None-Match": "*"}), (f"{_F}/{{any}}", {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}), (f"{_F}/{{any}}", {"If-Modified-Since": "Fri, 01 Jan 2010 00:00:00 GMT"}), (f"{_F}/{{any}}", {"Accept-Encoding": "gzip"}), (f"{_F}/{{any}}", {"Origin": "https://a.example"}), (f"{_F}/nosuch.txt", {}), (f"{_F}/", {}), ("/api/files/docs/nosuch/{any}", {}), (f"/api/files/nosuch/{_ONE}/{{any}}", {}), (f"/api/files/DOCS/{_ONE}/{{any}}", {}), (f"{_F}/..%2f..%2fdata.db", {}), (f"{_F}/{{any}}.attrs", {}),
        (f"{_F}/{{safe}}", {}), (f"{_F}/{{safe}}?token=x", {}), (f"{_F}/{{safe}}?token={{filetoken}}", {}), (f"{_F}/{{safe}}?token={{admintoken}}", {}), (f"{_L}/{{locked}}", {}), (f"{_L}/{{locked}}?token=x", {}), (f"{_L}/{{locked}}?token={{filetoken}}", {}), (f"{_L}/{{locked}}?token={{admintoken}}", {}), (f"{_L}/{{lopen}}", {}))),
    {"name": "the protected one by Authorization", "GET": f"{_L}/{{locked}}", "as": "user"}, {"name": "the protected one by Authorization of a superuser", "GET": f"{_L}/{{locked}}", "as": "admin"}, {"name": "a file by HEAD", "HEAD": f"{_F}/{{any}}"}, {"name": "a file by POST", "POST": f"{_F}/{{any}}", "json": {}},
    *({"name": f"{what} of a thumb {size}", verb: f"{_F}/{{pic}}?thumb={size}"} for what, verb in (("headers", "HEAD"),) for size in ("10x10", "10x10t", "10x10b", "10x10f", "0x10", "10x0", "99x99", "x", "100x100", "")),
    {"name": "the whole picture", "GET": f"{_F}/{{pic}}"},
    *({"name": f"change {index}: {body!r:.60}", "PATCH": f"{_AT}/{_ONE}", "json": body} for index, body in enumerate(({"many-": "$m0"}, {"many-": "nosuch.txt"}, {"many": ["nosuch.txt"]}, {"many": []}, {"any": "$any"}, {"any": "other.txt"}, {"any": None}, {"pic": ""}, {"any-": "$any"}))),
    {"name": "a file put beside", "PATCH": f"{_AT}/{_ONE}", "form": [_file("many+", "c.txt", "c")]}, {"name": "a file put before", "PATCH": f"{_AT}/{_ONE}", "form": [_file("+many", "d.txt", "d")]}, {"name": "files replaced", "PATCH": f"{_AT}/{_ONE}", "form": [_file("many", "e.txt", "e")]}, {"name": "the dropped file is gone", "GET": f"{_F}/{{m1}}"}, {"name": "the record goes", "DELETE": f"{_AT}/{_ONE}"}, {"name": "and its files", "GET": f"{_F}/{{safe}}?token={{admintoken}}"},
]  # fmt: skip

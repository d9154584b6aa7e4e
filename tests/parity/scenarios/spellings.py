"""What counts as an e-mail address, a URL, a domain, a date, a number and a pattern: the edges of each language."""

from typing import Any

_AT = "/api/collections"
_PATTERNS = (
    "^[a-z]+$", "a.c", "(?i)^abc$", "(?s)a.c", "(?m)^b$", r"^\d+$", r"^\w+$", r"\bword\b", r"^\p{Lu}", "[[:alpha:]]+", r"^\x41$",
    "^(a|b)*c$", "^a{2,3}$", "^a{,2}$", "^[^a]$", r"^[\]]$", "^$", "x*", r"\Qa.b\E", "(?U)a+", "^(?P<n>a)$", r"^\.$",
)  # fmt: skip
SETUP: list[dict[str, Any]] = [
    {"name": "fields without limits", "POST": _AT, "as": "admin", "json": {
        "name": "loose", "createRule": "", "viewRule": "", "fields": [
            {"type": "email", "name": "mail"}, {"type": "url", "name": "link"}, {"type": "date", "name": "day"},
            {"type": "number", "name": "num"}, {"type": "bool", "name": "ok"}, {"type": "json", "name": "data"},
            {"type": "url", "name": "site", "onlyDomains": ["example.com", "b.co"]},
            {"type": "email", "name": "kept", "exceptDomains": ["example.com"]},
            {"type": "select", "name": "many", "maxSelect": 6, "values": ["a", "b", "[a]", "5", "true", "1e+06"]},
        ]}},
    {"name": "a collection with a password for all to see", "POST": _AT, "as": "admin", "json": {
        "name": "open", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "fields": [{"type": "password", "name": "word", "cost": 4}, {"type": "text", "name": "t"}]}},
    *({"name": f"a collection whose text matches {pattern}", "POST": _AT, "as": "admin", "json": {
        "name": f"pat{number}", "createRule": "", "fields": [{"type": "text", "name": "t", "pattern": pattern}]}}
      for number, pattern in enumerate(_PATTERNS)),
]  # fmt: skip

_RAW: dict[str, list[Any]] = {
    "mail": [
        "a.b@c.co", "a..b@c.co", ".a@c.co", "a.@c.co", "a+b@c.co", "a@c.co.", "a@c..co", "a@-c.co", "a@c-.co", "a@c.c", "a@c.1",
        "a@1.co", "a@c_d.co", "a@c~d.co", '"a b"@c.co', '"a@b"@c.co', "a@[1.2.3.4]", "a@1.2.3.4", "a@localhost", "a@b@c.co",
        "a'b@c.co", "a/b@c.co", "a@münchen.de", "a@xn--mnchen-3ya.de", "a@c.co\n", " a@c.co", "a@c.c-o", "a@c.o-", "用户@例子.广告",
        "a@c,co", "a(b)@c.co", "a@c.co;d@e.co", "@c.co", "a@", "a", "a@.co", "a" * 65 + "@c.co", "a@" + "b" * 64 + ".co", "a@c._x",
        "a@c.x_y", "a`b@c.co", "a{b}@c.co", "a=b@c.co", "a!#$%&*b@c.co",
    ],
    "link": [
        "http://a", "http://a.b", "http://localhost", "http://localhost:80", "http://1.2.3.4", "http://1.2.3.4:5/x", "http://[::1]",
        "http://[::1]:80/", "http://a.b:99999", "http://a.b:999999", "http://a.b:x", "http://a.b:", "https://a.b?x", "https://a.b#x",
        "https://a.b/ü", "https://ü.de", "https://a_b.co", "https://-a.co", "https://a-.co", "https://a--b.co", "https://.a.co",
        "https://a..co", "https://a.co.", "https://a.co./x", "http:/a.b", "http:a.b", "http//a.b", "ws://a.b", "wss://a.b",
        "udp://a.b", "tcp://a.b:1", "gopher://a.b", "mailto:a@b.co", "HTTP://A.B", "Http://a.b", "a.b", "a.b/c", "a/b", "a", "/a",
        "?a=b.c", "www.a.b", "http://user@a.b", "http://user:@a.b", "http://:p@a.b", "http://a b.co", "http://a.b/%zz", "http://a.b/%20",
        "http://a.b/\tc", "http://a.b\\c", "http://a.b/<>", "http://256.1.1.1", "http://a.1", "http://a.b.c.d.e", "data:text/plain,x",
        "file:///a.b", "http://a.b/" + "x" * 2060, "http://a.b/" + "x" * 2080, "localhost:80", "a:80", "a.b:80/x", "1.2.3.4", "x.y?z",
        "http://a,b.co", "http://a.b;c", "http://a.co!", "http://(a).co", "http://a.co/(x)", "http://*.a.co", "http://a@b@c.co", "a@b.co",
        "http://a._b", "http://a.b_c", "http://éa.co", "http://a.é", "http://1", "http://a1.b2",
    ],
    "site": [
        "http://example.com", "http://EXAMPLE.com", "http://user@example.com", "http://example.com:8080", "http://example.com:80",
        "example.com", "//example.com", "http://b.co.", "http://b.co/x?y#z", "ftp://b.co",
    ],
    "kept": ["a@example.com", "a@EXAMPLE.com", "a@x.example.com"],
    "day": [
        "2024-05-06T07:08:09.5Z", "2024-05-06 07:08:09.5", "2024-05-06 07:08:09,5", "2024-05-06T07:08:09", "2024-05-06T07:08",
        "2024-05-06 07:08:09+02:00", "2024-05-06 07:08:09 +02:00", "2024-05-06 07:08:09 +0200", "2024-05-06 07:08:09+0200",
        "2024-05-06T07:08:09+0200", "2024-05-06 07:08:09 +0200 CEST", "2024-05-06 07:08:09Z", "2024-05-06 07:08:09 UTC",
        "Mon, 06 May 2024 07:08:09 +0200", "Mon, 06 May 2024 07:08:09 GMT", "Tue, 06 May 2024 07:08:09 GMT", "06 May 24 07:08 +0200",
        "06 May 24 07:08 UTC", "Monday, 06-May-24 07:08:09 UTC", "Mon May  6 07:08:09 2024", "Mon May 6 07:08:09 2024",
        "Mon May  6 07:08:09 UTC 2024", "Mon May 06 07:08:09 +0200 2024", "06 May 2024", "6 May 2024", "May 6 07:08:09", "7:08PM",
        "07:08", "07:08:09", "13:08PM", "12:00AM", "12:00PM", "0:00AM", "May  6 07:08:09.123", "mon, 06 may 2024 07:08:09 gmt",
        "2024-02-29", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-32", "2024-12-31 23:59:60", "2024-01-01 23:60:00",
        "2024-01-01 24:00:00", "0000-01-01", "9999-12-31", "10000-01-01", "-001-01-01", "2024-05-06 7:08:09", "2024-05-06T7:08:09Z",
        "2024-05-06 07:8:09", " 2024-05-06", "2024-05-06 ", "2024/05/06", "20240506", "2024-05-06T07:08:09.123456789Z", "now", "@now",
        "2024-05-06 07:08:09.999Z", "2024-05-06 07:08:09.9999Z", "2024-05-06 07:08:09.99Z", "1715000000", "2024-05-06T07:08:09z",
        "2024-05-06t07:08:09Z", "2024-05-06T07:08:09+25:00", "2024-05-06T07:08:09-00:00", "2024-05-06T07:08:09+14:00", "2024-W01",
    ],
    "num": [
        "1_000", "1__0", "_1", "1_", "1_0.0_1", "0x1p4", "0X1P-2", "0x1", "0b1", "0o7", "1e3", "1E+3", "1e", "e1", ".5", "5.", ".", "+5",
        "--5", "5 ", "1,5", "NaN", "-inf", "Infinity", "1e309", "1e-400", "٣", "0x1_0p0", "1e1_0", "007", "-0", "true", "[5]",
    ],
    "ok": ["True", "tRUE", "F", "f", " true", "01", "1.0", -1, 0.5, -0.0, "null", ["true"]],
    "data": [
        "\u0001", "\u007f", "\u200b", "é", "-", "- 1", "-1", "-01", "01", "1.", "1e", "1e5", "[", "[1", "{}", '{"a":1,"a":2}', "nul",
        "True", "\ufeff1", "NaN", "Infinity", '"a', "'a'", {"é": "<&>", "b": None}, [1.0, 1.5, 1e21, -0.0], 0, False, 1e300,
    ],
    "many": ["[a]", "[", '["a"', "[5]", '["a",5]', '["a",null]', '[["a"]]', [["a"]], [5], [True], [1e6], ["a", {"b": 1}], "a b", {"a": 1}, '"a"'],
}  # fmt: skip
_MATCHED = (
    "",
    "abc",
    "ABC",
    "a\nc",
    "a\nb",
    "b\na",
    "12",
    "١",
    "é",
    "a word!",
    "Éa",
    "A",
    "aac",
    "c",
    "aaa",
    "aaaa",
    "a{,2}",
    "b",
    "]",
    "a.b",
    "axb",
    ".",
    "\n",
)
SCENARIOS: list[dict[str, Any]] = [
    {"name": "a password that is not hidden", "POST": f"{_AT}/open/records", "json": {"id": "p10000000000000", "word": "abcdefgh"}},
    *({"name": f"its {what} for {who}", "GET": f"{_AT}/open/records{what}", "as": who} for who in ("guest", "admin") for what in ("", "/p10000000000000", "?fields=word,id", "?filter=t=''")),
    {"name": "it changed", "PATCH": f"{_AT}/open/records/p10000000000000", "json": {"t": "x"}},
    *({"name": f"{field} {number}: {raw!r:.60}", "POST": f"{_AT}/loose/records", "json": {field: raw}}
      for field, values in _RAW.items() for number, raw in enumerate(values)),
    *({"name": f"{value!r} against {pattern}", "POST": f"{_AT}/pat{number}/records", "json": {"t": value}}
      for number, pattern in enumerate(_PATTERNS) for value in _MATCHED),
]  # fmt: skip

"""What each field type makes of what a client may send: one collection with every type, one create per raw value."""

from typing import Any

FIELDS: list[dict[str, Any]] = [
    {"type": "text", "name": "title", "min": 2, "max": 8},
    {"type": "text", "name": "code", "pattern": "^[a-z]{2}[0-9]+$"},
    {"type": "text", "name": "auto", "autogeneratePattern": "[a-z0-9]{15}"},
    {"type": "editor", "name": "html", "maxSize": 40},
    {"type": "number", "name": "num", "min": -10, "max": 1000},
    {"type": "number", "name": "whole", "onlyInt": True},
    {"type": "number", "name": "big"},
    {"type": "bool", "name": "ok"},
    {"type": "email", "name": "mail", "exceptDomains": ["bad.com"]},
    {"type": "email", "name": "ours", "onlyDomains": ["example.com"]},
    {"type": "url", "name": "link", "exceptDomains": ["bad.com"]},
    {"type": "url", "name": "site", "onlyDomains": ["example.com"]},
    {"type": "date", "name": "day", "min": "2020-01-01 00:00:00.000Z", "max": "2030-01-01 00:00:00.000Z"},
    {"type": "autodate", "name": "made", "onCreate": True},
    {"type": "select", "name": "one", "values": ["a", "b", "c"], "maxSelect": 1},
    {"type": "select", "name": "many", "values": ["a", "b", "c"], "maxSelect": 2},
    {"type": "json", "name": "data", "maxSize": 60},
    {"type": "geoPoint", "name": "place"},
    {"type": "password", "name": "secret", "min": 5, "max": 12},
]
SETUP: list[dict[str, Any]] = [
    {"name": "every field type", "POST": "/api/collections", "as": "admin",
     "json": {"name": "types", "type": "base", "createRule": "", "viewRule": "", "listRule": "", "fields": FIELDS}},
    {"name": "every field required", "POST": "/api/collections", "as": "admin",
     "json": {"name": "required", "type": "base", "createRule": "",
              "fields": [{**field, "required": True} for field in FIELDS if field["type"] != "autodate"]}},
]  # fmt: skip

#: field → the raw JSON values that are sent for it.
RAW: dict[str, list[Any]] = {
    "title": ["", "x", "xy", "12345678", "123456789", 5, 123.5, True, None, [], ["ab"], {}, {"a": 1}, " ab ", "äöüß", "日本語"],
    "code": ["", "ab1", "AB1", "ab", "ab1\n", "xab1", 12],
    "auto": ["", "given", None, 7],
    "html": ["", "<p>x</p>", "x" * 40, "x" * 41, 5, None, {"a": 1}],
    "num": [0, 1, -10, -11, 1000, 1000.5, 1001, "12", "12.5", "abc", "", None, True, False, [], [5], {}, -0.0, 1e2, "1e2", " 7 "],
    "whole": [0, 3, 3.0, 3.5, "3", "3.5", -4, 1e21, None, "x"],
    "big": [1e21, 1e20, 123456789012345678, 0.1, 1e-7, 1e-6, 1.5e300, -1e21, 12345678.9, "1e400", "NaN", "inf", "0x10"],
    "ok": [True, False, 1, 0, 2, "true", "false", "T", "t", "yes", "1", "0", "", None, [], {}, "TRUE", "on"],
    "mail": ["", "a@b.co", "a@bad.com", "a@sub.bad.com", "a", "a@b", "A@B.CO", 5, None, "a b@c.co", "a@b.co ", "ä@b.co", "<a@b.co>"],
    "ours": ["a@example.com", "a@sub.example.com", "a@other.com", "a@EXAMPLE.com"],
    "link": ["", "https://b.co", "http://bad.com/x", "https://sub.bad.com", "b.co", "ftp://b.co", "https://", "javascript:alert(1)",
             "https://b.co/ x", 5, None, "https://b.co:8080/p?q=1#f", "https://user:pw@b.co", "//b.co"],
    "site": ["https://example.com/x", "https://sub.example.com", "https://other.com"],
    "day": ["", "2024-05-06", "2024-05-06 07:08:09", "2024-05-06 07:08:09.123Z", "2024-05-06T07:08:09Z", "2024-05-06T07:08:09+02:00",
            "2019-12-31", "2030-01-02", "2024-02-30", "nonsense", 0, 1700000000, 1700000000.5, "1700000000", None, True, [], {},
            "2024-05-06 07:08", "2024-05", "2024", "06.05.2024", "May 6, 2024", "2024-05-06 07:08:09.1234567Z"],
    "made": ["2001-01-01 00:00:00.000Z", "", None],
    "one": ["a", "d", "", None, ["a"], ["a", "b"], [], 5, {}, "a,b", '["a"]', '["b","a"]', True],
    "many": ["a", ["a"], ["a", "b"], ["a", "b", "c"], ["d"], ["a", "a"], [], "", None, ["", "a"], {}, "a,b", '["a"]', '["b","a"]', [1], [None]],
    "data": [None, "", "x", 5, 1.0, 1e21, True, [], {}, {"b": 1, "a": [1, {"c": None}]}, '{"a": 1}', '{"a": 1', "{bad", "[1, 2]", "null",
             "true", "1e5", "12.50", '"q"', "  [1]  ", "x" * 58, "x" * 59, "<&>\u2028", {"k": "<&>"}],
    "place": [{"lon": 1.5, "lat": 2}, {"lon": 181, "lat": 0}, {"lon": 0, "lat": 91}, {"lon": "3", "lat": "4"}, {"lat": 1}, {}, None, "",
              "x", '{"lon": 5, "lat": 6}', [], [1, 2], 5, {"lon": -180, "lat": -90}, {"lon": 1, "lat": 2, "x": 3}],
    "secret": ["", "1234", "12345", "123456789012", "1234567890123", 12345, None, "pässw"],
}  # fmt: skip
SCENARIOS: list[dict[str, Any]] = [
    *(
        {"name": f"{field} given {raw!r}", "POST": "/api/collections/types/records", "json": {field: raw}}
        for field, values in RAW.items()
        for raw in values
    ),
    {"name": "all required fields missing", "POST": "/api/collections/required/records", "json": {}},
    {"name": "all required fields empty", "POST": "/api/collections/required/records",
     "json": {"title": "", "num": 0, "ok": False, "many": [], "data": "", "place": {}, "secret": "", "day": ""}},
    {"name": "required json null", "POST": "/api/collections/required/records", "json": {"data": None}},
    {"name": "required json empty object", "POST": "/api/collections/required/records", "json": {"data": {}}},
    {"name": "required point with a zero", "POST": "/api/collections/required/records", "json": {"place": {"lon": 1}}},
    *(
        {"name": f"form field {field} = {value!r}", "POST": "/api/collections/types/records",
         "form": [{"name": field, "value": value}]}
        for field, value in [
            ("title", "abc"), ("num", "007"), ("num", "x"), ("ok", "true"), ("ok", "on"), ("many", "a"), ("data", '{"a":1}'),
            ("data", "plain"), ("data", "5"), ("place", '{"lon":1,"lat":2}'), ("day", "2024-05-06"), ("one", ""), ("nosuch", "x"),
            ("@jsonPayload", '{"title":"abc","num":5}'), ("@jsonPayload", "{bad"), ("@jsonPayload", "[]"),
        ]
    ),
    {"name": "a form with a field twice", "POST": "/api/collections/types/records",
     "form": [{"name": "many", "value": "a"}, {"name": "many", "value": "b"}]},
    {"name": "a form with a scalar twice", "POST": "/api/collections/types/records",
     "form": [{"name": "title", "value": "aa"}, {"name": "title", "value": "bb"}]},
    {"name": "a urlencoded form", "POST": "/api/collections/types/records", "raw": "num=007&many=a&many=b&title=a%20b",
     "type": "application/x-www-form-urlencoded"},
    {"name": "an unknown field is passed over", "POST": "/api/collections/types/records", "json": {"nosuch": 1, "title": "abc"}},
    {"name": "a body of text/plain", "POST": "/api/collections/types/records", "raw": '{"title":"abc"}', "type": "text/plain"},
    {"name": "a body without a type", "POST": "/api/collections/types/records", "raw": '{"title":"abc"}', "type": ""},
    {"name": "a body that is no JSON", "POST": "/api/collections/types/records", "raw": "{bad"},
    {"name": "a body that is half JSON", "POST": "/api/collections/types/records", "raw": '{"title":"abc"'},
    {"name": "a body that is a list", "POST": "/api/collections/types/records", "raw": "[]"},
    {"name": "a body that is a number", "POST": "/api/collections/types/records", "raw": "5"},
    {"name": "a body that is a string", "POST": "/api/collections/types/records", "raw": '"x"'},
    {"name": "a body that is null", "POST": "/api/collections/types/records", "raw": "null"},
    {"name": "an empty body", "POST": "/api/collections/types/records", "raw": ""},
    {"name": "a body with a key twice", "POST": "/api/collections/types/records", "raw": '{"title":"abc","title":"abd"}'},
    {"name": "text after the object", "POST": "/api/collections/types/records", "raw": '{"title":"abc"} trailing'},
    {"name": "JSON with a charset", "POST": "/api/collections/types/records", "raw": '{"title":"abc"}',
     "type": "application/json; charset=utf-8"},
    {"name": "invalid UTF-8 in a string", "POST": "/api/collections/types/records", "raw": b'{"title":"ab\xff"}'},
    {"name": "a lone surrogate", "POST": "/api/collections/types/records", "raw": '{{"title":"ab\\ud800"}}'},
    {"name": "an own id", "POST": "/api/collections/types/records", "json": {"id": "abcdefghij12345", "title": "own"}},
    {"name": "the same id again", "POST": "/api/collections/types/records", "json": {"id": "abcdefghij12345"}},
    {"name": "an id too short", "POST": "/api/collections/types/records", "json": {"id": "abc"}},
    {"name": "an id too long", "POST": "/api/collections/types/records", "json": {"id": "abcdefghij123456"}},
    {"name": "an id with capitals", "POST": "/api/collections/types/records", "json": {"id": "ABCDEFGHIJ12345"}},
    {"name": "an id with a slash", "POST": "/api/collections/types/records", "json": {"id": "abcdefghij/2345"}},
    {"name": "an id that is a number", "POST": "/api/collections/types/records", "json": {"id": 123456789012345}},
]  # fmt: skip

"""What rules see of what is sent: every modifier on every kind of field, in JSON and forms, on create and update."""

from typing import Any

_FIELDS: dict[str, dict[str, Any]] = {
    "text": {"type": "text"}, "num": {"type": "number"}, "flag": {"type": "bool"}, "day": {"type": "date"}, "data": {"type": "json"}, "spot": {"type": "geoPoint"},
    "one": {"type": "select", "values": ["a", "b", "c"], "maxSelect": 1}, "sel": {"type": "select", "values": ["a", "b", "c"], "maxSelect": 3}, "hush": {"type": "text", "hidden": True},
}  # fmt: skip
_AT = "/api/collections/sent/records"
_ROW = f"{_AT}/row000000000000"
SETUP: list[dict[str, Any]] = [
    {"name": "pals", "POST": "/api/collections", "as": "admin", "save": {"pals": "id"},
     "json": {"name": "pals", "type": "base", "listRule": "", "fields": [{"type": "text", "name": "t"}, {"type": "number", "name": "n"}]}},
    *({"name": f"pal {name}", "POST": "/api/collections/pals/records", "as": "admin", "json": {"id": f"{name}0000000000000", "t": name, "n": number}} for number, name in enumerate(("p1", "p2"))),
    {"name": "sent", "POST": "/api/collections", "as": "admin",
     "json": {"name": "sent", "type": "base", **dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), ""),
              "fields": [*({**options, "name": name} for name, options in _FIELDS.items()),
                         {"type": "relation", "name": "pal", "collectionId": "$pals", "maxSelect": 1}, {"type": "relation", "name": "pals", "collectionId": "$pals", "maxSelect": 3}]}},
    {"name": "the row", "POST": _AT, "as": "admin",
     "json": {"id": "row000000000000", "text": "old", "num": 1, "flag": True, "day": "2024-01-02 03:04:05.678Z", "data": {"a": [1, {"b": "c"}]}, "spot": {"lon": 1, "lat": 2}, "one": "a", "sel": ["a", "b"],
              "pal": "p10000000000000", "pals": ["p10000000000000"], "hush": "h"}},
]  # fmt: skip
_NAMES = [*_FIELDS, "pal", "pals", "nosuch"]
#: A rule, and bodies to try it with.
_TRIES: list[tuple[str, list[dict[str, Any]]]] = [
    *((f"@request.body.{name}:isset = true", [{}, {name: None}, {name: "a"}, {f"{name}+": "a"}]) for name in _NAMES),
    *((f"@request.body.{name}:changed = false", [{}, {name: "old"}, {name: "a"}, {name: 1}, {name: ["a", "b"]}, {name: True}]) for name in _NAMES[:-1]),
    *((f"@request.body.{name}:length = 2", [{}, {name: ["a", "b"]}, {name: "a"}, {name: ["p10000000000000", "p20000000000000"]}]) for name in ("sel", "one", "pals", "pal")),
    *((f"@request.body.{name}:each != 'b'", [{}, {name: ["a", "b"]}, {name: ["a", "c"]}, {name: "b"}, {name: []}]) for name in ("sel", "one", "pals")),
    *((f"@request.body.{name}:each ?= 'b'", [{}, {name: ["a", "b"]}, {name: ["a"]}, {name: "b"}]) for name in ("sel", "one")),
    *((f"@request.body.{name}:lower = 'abc'", [{}, {name: "ABC"}, {name: 5}, {name: ["ABC"]}, {name: None}]) for name in ("text", "data", "nosuch", "sel")),
    ("@request.body.num > 1", [{"num": 2}, {"num": "2"}, {"num": "x"}, {"num": None}, {}, {"num+": 5}, {"num": True}]),
    ("@request.body.num = num", [{"num": 1}, {"num": "1"}, {"num": 2}, {}, {"num+": 0}]),
    ("@request.body.text = text", [{"text": "old"}, {"text": "x"}, {}, {"text": ""}, {"text": 5}]),
    ("@request.body.text != ''", [{"text": ""}, {"text": None}, {}, {"text": "x"}, {"text": []}]),
    ("@request.body.flag = true", [{"flag": True}, {"flag": "true"}, {"flag": 1}, {"flag": "x"}, {}]),
    ("@request.body.day > '2024'", [{"day": "2024-05-06"}, {"day": "x"}, {"day": 1700000000}, {}]),
    ("@request.body.data.a.1.b = 'c'", [{"data": {"a": [1, {"b": "c"}]}}, {"data": '{"a":[1,{"b":"c"}]}'}, {"data": "x"}, {"data": None}, {}]),
    ("@request.body.data = '[1,2]'", [{"data": [1, 2]}, {"data": "[1,2]"}, {"data": "[1, 2]"}, {"data": 1}]),
    ("@request.body.data ~ 'c'", [{"data": {"b": "c"}}, {"data": "c"}, {}]),
    ("@request.body.spot.lon > 5", [{"spot": {"lon": 10, "lat": 1}}, {"spot": '{"lon":10,"lat":1}'}, {"spot": {}}, {}]),
    ("@request.body.spot ~ 'lon'", [{"spot": {"lon": 10, "lat": 1}}, {}]),
    ("@request.body.sel = '[\"a\"]'", [{"sel": ["a"]}, {"sel": "a"}, {"sel+": "c"}, {}]),
    ("@request.body.sel ~ 'a'", [{"sel": ["a"]}, {"sel": ["b"]}, {"sel-": "a"}, {}]),
    ("@request.body.sel:each = sel:each", [{"sel": ["a", "b"]}, {"sel": ["a"]}, {}]),
    ("@request.body.sel:each ?= sel:each", [{"sel": ["b", "c"]}, {"sel": ["c"]}, {}]),
    ("@request.body.pal.t = 'p2'", [{"pal": "p20000000000000"}, {"pal": "p10000000000000"}, {"pal": "nosuch"}, {}, {"pal": ["p20000000000000"]}]),
    ("@request.body.pals.t = 'p2'", [{"pals": ["p20000000000000"]}, {"pals": ["p10000000000000", "p20000000000000"]}, {"pals+": "p20000000000000"}, {"pals": []}, {}]),
    ("@request.body.pals.n ?> 0", [{"pals": ["p10000000000000", "p20000000000000"]}, {"pals": ["p10000000000000"]}, {}]),
    ("@request.body.pals.nosuch = null", [{"pals": ["p10000000000000"]}, {}]),
    ("@request.body.pal.id = pal", [{"pal": "p10000000000000"}, {"pal": "p20000000000000"}, {}]),
    ("@request.body.pal = pal.id", [{"pal": "p10000000000000"}, {"pal": "p20000000000000"}, {}]),
    ("@request.body.hush = ''", [{"hush": "x"}, {"hush": ""}, {}]),
    ("@request.body.hush:isset = false", [{"hush": "x"}, {}]),
    ("@request.body.nosuch.0.x = 1", [{"nosuch": [{"x": 1}]}, {"nosuch": [{"x": 2}]}, {"nosuch": {"0": {"x": 1}}}, {"nosuch": "x"}, {}]),
    ("@request.body.nosuch.a.b = true", [{"nosuch": {"a": {"b": True}}}, {"nosuch": {"a": {"b": "true"}}}, {"nosuch": {"a": None}}]),
    ("@request.body.nosuch = '{\"a\":1}'", [{"nosuch": {"a": 1}}, {"nosuch": '{"a":1}'}, {"nosuch": {"a": 1.0}}]),
    ("@request.body.nosuch = 1.5", [{"nosuch": 1.5}, {"nosuch": "1.5"}, {"nosuch": 1e400 if False else 15}]),
    ("@request.body.id = 'new000000000000'", [{"id": "new000000000000"}, {}]),
    ("id != 'new000000000001'", [{"id": "new000000000001"}, {"id": "new000000000002"}]),
    ("num >= 0 && sel:length < 3", [{"num": -1}, {"sel": ["a", "b", "c"]}, {"num": 3, "sel": ["a"]}]),
    ("pal.t = 'p1' && pals.t ?= 'p1'", [{"pal": "p10000000000000", "pals": ["p10000000000000"]}, {"pal": "p10000000000000"}, {}]),
    ("data.a.0 = 1 || spot.lon > 100", [{"data": {"a": [1]}}, {"data": {"a": [2]}}, {"spot": {"lon": 120, "lat": 0}}]),
    ("flag = true && day < @now", [{"flag": True, "day": "2020-01-01"}, {"flag": False}, {"flag": True}]),
    ("@request.headers.content_type ~ 'json'", [{}]), ("@request.method = 'PATCH'", [{}]), ("@request.context = 'default' && @request.query.x = '1'", [{}]),
    ("@request.headers.x_many_words = 'yes' && @request.headers.X_many_words = null", [{}]),
]  # fmt: skip


def _steps(rule: str, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    short = repr(rule)
    steps: list[dict[str, Any]] = [
        {
            "name": f"the rules are {short}",
            "PATCH": "/api/collections/sent",
            "as": "admin",
            "json": {"createRule": rule, "updateRule": rule},
        }
    ]
    for number, body in enumerate(bodies):
        steps += [
            {
                "name": f"create {number} {body} under {short}",
                "POST": f"{_AT}?x=1",
                "json": body,
                "headers": {"X-Many-Words": "yes"},
            },
            {
                "name": f"update {number} {body} under {short}",
                "PATCH": f"{_ROW}?x=1&fields=id",
                "json": body,
                "headers": {"X-Many-Words": "yes"},
            },
            {
                "name": f"put back {number} after {short}",
                "PATCH": f"{_ROW}?fields=id",
                "as": "admin",
                "json": {
                    "text": "old",
                    "num": 1,
                    "flag": True,
                    "day": "2024-01-02 03:04:05.678Z",
                    "data": {"a": [1, {"b": "c"}]},
                    "spot": {"lon": 1, "lat": 2},
                    "one": "a",
                    "sel": ["a", "b"],
                    "pal": "p10000000000000",
                    "pals": ["p10000000000000"],
                    "hush": "h",
                },
            },
        ]
    return steps


def _form(rule: str, parts: list[tuple[str, str]]) -> list[dict[str, Any]]:
    form = [{"name": name, "value": value} for name, value in parts]
    return [
        {"name": f"the rules are {rule!r} for {parts}", "PATCH": "/api/collections/sent", "as": "admin", "json": {"createRule": rule, "updateRule": rule}},
        {"name": f"a form {parts} under {rule!r}", "POST": _AT, "form": form},
        {"name": f"a form {parts} over the row under {rule!r}", "PATCH": f"{_ROW}?fields=text,num,sel,flag", "form": form},
    ]  # fmt: skip


SCENARIOS: list[dict[str, Any]] = [
    *(step for rule, bodies in _TRIES for step in _steps(rule, bodies)),
    *_form("@request.body.num = 5", [("num", "5")]),
    *_form("@request.body.num > 5", [("num", "007")]),
    *_form("@request.body.sel:length = 2", [("sel", "a"), ("sel", "b")]),
    *_form("@request.body.sel:each != 'c'", [("sel", "a"), ("sel", "c")]),
    *_form("@request.body.text = '12'", [("text", "12")]),
    *_form("@request.body.text:isset = true && @request.body.flag = true", [("text", ""), ("flag", "true")]),
    *_form("@request.body.nosuch = 12", [("nosuch", "12")]),
    *_form("@request.body.nosuch = 'true'", [("nosuch", "true")]),
    *_form("@request.body.data.k = 'v'", [("data", '{"k":"v"}')]),
    *_form("@request.body.num = 7 && @request.body.text = 'x'", [("@jsonPayload", '{"num":7,"text":"x"}')]),
]  # fmt: skip

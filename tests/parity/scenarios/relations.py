"""Relations: six levels of expand, back-relations, rules at each level, deletes that cascade, unset or are refused."""

from itertools import pairwise
from typing import Any
from urllib.parse import quote

_LEVELS = ("a", "b", "c", "d", "e", "f", "g", "h")


def _id(name: str) -> str:
    return f"{name}{'0' * (15 - len(name))}"


def _open(**changes: Any) -> dict[str, Any]:
    return {**dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), ""), **changes}


def _record(collection: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"{body['id'][:3]} of {collection}",
        "POST": f"/api/collections/{collection}/records",
        "as": "admin",
        "json": body,
    }


SETUP: list[dict[str, Any]] = [
    {"name": "the end of the chain", "POST": "/api/collections", "as": "admin", "save": {"h": "id"},
     "json": {"name": "h", "type": "base", **_open(), "fields": [{"type": "text", "name": "t"}]}},
    *({"name": f"the link {name}", "POST": "/api/collections", "as": "admin", "save": {name: "id"},
       "json": {"name": name, "type": "base", **_open(),
                "fields": [{"type": "text", "name": "t"}, {"type": "relation", "name": "next", "collectionId": f"${after}", "maxSelect": 1},
                           {"type": "relation", "name": "many", "collectionId": f"${after}", "maxSelect": 3}]}}
      for name, after in reversed(list(pairwise(_LEVELS)))),
    *(_record(name, {"id": _id(f"{name}{number}"), "t": f"{name}{number}",
                     **({"next": _id(f"{after}{number}"), "many": [_id(f"{after}1"), _id(f"{after}2")][: number + 1]} if after else {})})
      for name, after in reversed(list(zip(_LEVELS, [*_LEVELS[1:], ""], strict=True))) for number in (1, 2)),
    {"name": "people", "POST": "/api/collections", "as": "admin", "save": {"people": "id"},
     "json": {"name": "people", "type": "auth", **_open(), "fields": [{"type": "text", "name": "nick"}, {"type": "text", "name": "hush", "hidden": True}]}},
    *(_record("people", {"id": _id(who), "email": f"{who}@example.com", "password": "secret123", "passwordConfirm": "secret123",
                         "nick": who.capitalize(), "hush": "h", "emailVisibility": who == "eve"}) for who in ("eve", "dan")),
    {"name": "dan signs in", "POST": "/api/collections/people/auth-with-password", "json": {"identity": "dan@example.com", "password": "secret123"}, "token": {"dan": "token"}},
    {"name": "things", "POST": "/api/collections", "as": "admin", "save": {"things": "id"},
     "json": {"name": "things", "type": "base", **_open(),
              "fields": [{"type": "text", "name": "t"}, {"type": "number", "name": "n"},
                         {"type": "relation", "name": "owner", "collectionId": "$people", "maxSelect": 1, "cascadeDelete": True},
                         {"type": "relation", "name": "fans", "collectionId": "$people", "maxSelect": 5},
                         {"type": "relation", "name": "veiled", "collectionId": "$people", "maxSelect": 1, "hidden": True},
                         {"type": "relation", "name": "only", "collectionId": "$people", "maxSelect": 1}],
              "indexes": ["CREATE UNIQUE INDEX `idx_only` ON `things` (`only`) WHERE `only` != ''"]}},
    {"name": "boxes", "POST": "/api/collections", "as": "admin", "save": {"boxes": "id"},
     "json": {"name": "boxes", "type": "base", **_open(),
              "fields": [{"type": "text", "name": "t"}, {"type": "relation", "name": "holds", "collectionId": "$things", "maxSelect": 4, "cascadeDelete": True},
                         {"type": "relation", "name": "must", "collectionId": "$things", "maxSelect": 1, "required": True}]}},
    {"name": "an overview", "POST": "/api/collections", "as": "admin",
     "json": {"name": "overview", "type": "view", "listRule": "", "viewRule": "",
              "viewQuery": "SELECT things.id, things.t, things.n, things.owner, people.nick AS nick FROM things LEFT JOIN people ON people.id = things.owner"}},
    _record("things", {"id": _id("t1"), "t": "one", "n": 1, "owner": _id("eve"), "fans": [_id("dan"), _id("eve")], "veiled": _id("dan"), "only": _id("eve")}),
    _record("things", {"id": _id("t2"), "t": "two", "n": 2, "owner": _id("dan"), "fans": [_id("dan")]}),
    _record("things", {"id": _id("t3"), "t": "three", "n": 3}),
    _record("boxes", {"id": _id("x1"), "t": "full", "holds": [_id("t1"), _id("t2")], "must": _id("t3")}),
    _record("boxes", {"id": _id("x2"), "t": "one", "holds": [_id("t2")], "must": _id("t3")}),
]  # fmt: skip

_NEXT = [".".join(["next"] * depth) for depth in range(1, 9)]
_MANY = [".".join(["many"] * depth) for depth in range(1, 8)]
_BACK = [
    "b_via_next", "b_via_many", "a_via_next", "a_via_many", "a_via_nosuch", "a_via_t", "nosuch_via_next", "b_via_next.next", "a_via_next.next.many",
    "_via_next", "a_via_", "a_via_next_via_next", "A_via_next", "a(next)", "a(nosuch)", "a(next).next", "a_via_next,a_via_many", "a_via_many.many,a_via_many.next",
]  # fmt: skip
_MIXED = [
    "next,many", "next.next,next.many", "next.many,next", "many.next,many.many.next", "next.nosuch", "next.t", "next.next.nosuch,next.next", "next.next.next.many.next.many",
    "many,many.next,many.next.next", " next . next ", "next..next", ".next", "next.", "next,next", "*", "next.*", "id", "t", "", ",,,", "next;many", "next many", "nextt", "Next",
    "collectionId", "expand", "expand.next", "next.id", "@request.auth", "next:each", "many.0",
]  # fmt: skip
_THINGS = [
    "owner", "fans", "veiled", "only", "owner,fans", "boxes_via_holds", "boxes_via_must", "boxes_via_holds.must", "boxes_via_holds.holds.owner", "owner.things_via_owner",
    "owner.things_via_fans", "fans.things_via_only", "only.things_via_only", "things_via_owner", "overview_via_owner",
]  # fmt: skip
_PEOPLE = [
    "things_via_owner",
    "things_via_fans",
    "things_via_veiled",
    "things_via_only",
    "things_via_only.owner",
    "overview_via_owner",
    "things_via_owner.boxes_via_holds.must",
]
_FIELDS = [
    "*,expand.owner.nick", "expand.owner.nick,expand.fans.id", "expand", "expand.*", "expand.owner", "expand.fans", "id,expand.owner.expand", "expand.owner.email", "*,expand.fans.*",
    "expand.fans.nick:excerpt(2)", "expand.owner.nick:excerpt(1,true),t", "expand.nosuch.id", "t,expand.owner.hush", "expand.owner.collectionName", "*:excerpt(1),expand.owner.*",
]  # fmt: skip
_RULES: list[str | None] = [
    None, "t != 'b1'", "@request.context = 'expand'", "@request.context = 'default'", "@request.auth.id != ''", "next.t = 'c2'", "many.t ?= 'c1'", "a_via_next.t = 'a1'", "@request.query.expand != ''",
    "@collection.h.t ?= 'h1' && t = 'b2'", "id = @request.query.show",
]  # fmt: skip
_FILTERS = [
    "next.next.next.next.next.next.t = 'g1'", "next.next.next.next.next.next.next.t = 'h1'", "many.many.t = 'c1'", "many.many.t ?= 'c1'", "many.many.many.t ?= 'd2'", "many.next.t = 'c1'", "next.many.t ?!= 'c1'",
    "a_via_next.t = 'a1'", "b_via_next.t ?= 'a1'", "next.a_via_next.t = 'a1'", "next.a_via_many.t = 'a1'", "next.a_via_many.t ?= 'a1'", "many.a_via_next.t ?= 'a2'", "many:length = 2", "many.many:length > 1",
    "next.many:each ?= 'c10000000000000'", "many.id ?= 'b10000000000000'", "many ?~ 'b1'", "next.t = many.t", "next.t ?= many.t", "many.t = next.many.t", "many.t ?= next.next.t", "next.next.t:lower = 'c1'",
    "next = ''", "many = '[]'", "next.id != ''", "many.t != ''", "many.nosuch = 1", "next.t.x = 1", "t.next = 1", "many.many.many.many.many.many.many.t = 'h1'", "(next.t = 'b1' || many.t = 'b2') && next.next.t != ''",
]  # fmt: skip
_A = "/api/collections/a/records"
_T = "/api/collections/things/records"
SCENARIOS: list[dict[str, Any]] = [
    *({"name": f"expand {path!r} of a", "GET": f"{_A}?sort=id&expand={quote(path)}"} for path in [*_NEXT, *_MANY, *_BACK, *_MIXED]),
    *({"name": f"expand {path!r} of one a", "GET": f"{_A}/{_id('a2')}?expand={quote(path)}&fields=id,expand.*"} for path in [*_NEXT[:3], *_MIXED[:8]]),
    *({"name": f"expand {path!r} of b", "GET": f"/api/collections/b/records/{_id('b1')}?expand={quote(path)}"} for path in _BACK),
    *({"name": f"{who} expands {path!r} of things", "GET": f"{_T}?sort=id&expand={quote(path)}", "as": who} for path in _THINGS for who in ("guest", "dan", "admin")),
    *({"name": f"{who} expands {path!r} of people", "GET": f"/api/collections/people/records?sort=id&expand={quote(path)}", "as": who} for path in _PEOPLE for who in ("guest", "dan")),
    *({"name": f"{who} expands {path!r} of the overview", "GET": f"/api/collections/overview/records?sort=id&expand={quote(path)}", "as": who} for path in ("owner", "nick", "owner.things_via_owner") for who in ("guest", "admin")),
    *({"name": f"fields {text!r} of things", "GET": f"{_T}?sort=id&expand=owner,fans&fields={quote(text)}"} for text in _FIELDS),
    *(step for rule in _RULES for step in (
        {"name": f"view rule of b {rule!r}", "PATCH": "/api/collections/b", "as": "admin", "json": {"viewRule": rule}},
        {"name": f"a guest expands under {rule!r}", "GET": f"{_A}?sort=id&expand=next.next,many&show={_id('b2')}"},
        {"name": f"dan expands under {rule!r}", "GET": f"{_A}/{_id('a2')}?expand=many.next", "as": "dan"},
        {"name": f"an admin expands under {rule!r}", "GET": f"{_A}/{_id('a1')}?expand=next", "as": "admin"},
    )),
    {"name": "b is open again", "PATCH": "/api/collections/b", "as": "admin", "json": {"viewRule": ""}},
    *({"name": f"filter {text!r}", "GET": f"{_A}?sort=id&fields=id&filter={quote(text)}"} for text in _FILTERS),
    *(step for rule in (None, "t = 'b1'", "@request.auth.id != ''", "next.t = 'c2'", "nosuch = 1", "@collection.h.t ?= 'h1'") for step in (
        {"name": f"list rule of b {rule!r}", "PATCH": "/api/collections/b", "as": "admin", "json": {"listRule": rule}},
        *({"name": f"{who} filters {text!r} under {rule!r}", "GET": f"{_A}?sort=id&fields=id&filter={quote(text)}", "as": who}
          for text in ("next.t != ''", "many.t ?= 'b2'", "many.next.t ?= 'c1' || t = 'a2'", "next.id = 'b10000000000000'") for who in ("guest", "dan", "admin")),
        {"name": f"a guest sorts by b under {rule!r}", "GET": f"{_A}?sort=-next.t,id&fields=id"},
    )),
    {"name": "b can be listed again", "PATCH": "/api/collections/b", "as": "admin", "json": {"listRule": ""}},
    {"name": "create with expand", "POST": f"{_T}?expand=owner,fans&fields=t,expand", "json": {"t": "four", "owner": _id("eve"), "fans": [_id("dan")]}},
    {"name": "update with expand", "PATCH": f"{_T}/{_id('t2')}?expand=owner&fields=t,expand.owner.nick", "json": {"t": "zwei"}},
    *({"name": f"things with {body}", "POST": _T, "json": body} for body in (
        {"owner": "nosuch"}, {"owner": [_id("eve"), _id("dan")]}, {"fans": "nosuch"}, {"fans": [_id("eve"), "nosuch"]}, {"fans": [_id("eve"), _id("eve")]}, {"fans": ""}, {"fans": None},
        {"fans": f'["{_id("eve")}"]'}, {"owner": f'["{_id("eve")}"]'}, {"fans": {}}, {"fans": 5}, {"owner": True}, {"only": _id("eve")}, {"veiled": _id("eve")}, {"fans+": _id("eve")}, {"owner+": _id("dan")},
    )),
    *({"name": f"t1 with {body}", "PATCH": f"{_T}/{_id('t1')}?fields=owner,fans,only", "json": body} for body in (
        {"fans-": _id("dan")}, {"fans+": [_id("dan"), "nosuch"]}, {"+fans": _id("dan")}, {"fans-": [_id("dan"), _id("eve")]}, {"owner-": _id("eve")}, {"owner+": _id("dan")}, {"fans": [_id("eve")], "fans+": _id("dan")},
        {"only": _id("dan")}, {"only": ""}, {"id": "other0000000000"},
    )),
    *({"name": f"boxes with {body}", "POST": "/api/collections/boxes/records", "json": body} for body in ({}, {"must": ""}, {"must": "nosuch"}, {"must": _id("t3"), "holds": [_id("t3")]})),
    {"name": "what a box needs stays", "DELETE": f"{_T}/{_id('t3')}"},
    {"name": "a box loses what is deleted", "DELETE": f"{_T}/{_id('t1')}"},
    {"name": "the boxes then", "GET": "/api/collections/boxes/records?sort=t,id&fields=t,holds,must"},
    {"name": "an owner takes things along", "DELETE": f"/api/collections/people/records/{_id('dan')}"},
    {"name": "the things then", "GET": f"{_T}?sort=t&fields=t,owner,fans"},
    {"name": "the boxes at last", "GET": "/api/collections/boxes/records?sort=t,id&fields=t,holds,must"},
    {"name": "deleted twice", "DELETE": f"/api/collections/people/records/{_id('dan')}"},
    {"name": "the middle of the chain", "DELETE": f"/api/collections/d/records/{_id('d1')}"},
    {"name": "the chain then", "GET": "/api/collections/c/records?sort=id&fields=id,next,many"},
    {"name": "a row of a view", "DELETE": f"/api/collections/overview/records/{_id('t2')}"},
    {"name": "a view takes no records", "POST": "/api/collections/overview/records", "json": {"t": "x"}},
    {"name": "a view changes none", "PATCH": f"/api/collections/overview/records/{_id('t2')}", "json": {"t": "x"}},
    *({"name": f"the overview by {text!r}", "GET": f"/api/collections/overview/records?{text}"} for text in ("sort=-n,t,owner", "filter=nick!=''%26%26n>0&sort=n", "sort=@rowid", "filter=owner.nick='Eve'&sort=t", "sort=owner.nick,t", "perPage=1&sort=-t", "filter=n>1&fields=n&sort=n")),
]  # fmt: skip

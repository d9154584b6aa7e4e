"""Creates, updates and deletes: modifiers, relations, unique values, cascades, hidden fields, and who may do what."""

from typing import Any

_ID = {
    name: f"{name}{'0' * (15 - len(name))}"
    for name in ("t1", "t2", "t3", "i1", "i2", "i3", "i4", "c1", "c2", "k1", "nosuch")
}
_ITEMS = "/api/collections/items/records"


def _user(name: str) -> list[dict[str, Any]]:
    body = {
        "email": f"{name}@example.com",
        "password": "secret123",
        "passwordConfirm": "secret123",
        "verified": True,
        "name": name,
    }
    return [
        {"name": f"{name} exists", "POST": "/api/collections/users/records", "as": "admin", "json": body, "save": {name: "id"}},
        {"name": f"{name} signs in", "POST": "/api/collections/users/auth-with-password",
         "json": {"identity": f"{name}@example.com", "password": "secret123"}, "token": {name: "token"}},
    ]  # fmt: skip


SETUP: list[dict[str, Any]] = [
    *_user("alice"), *_user("bruno"),
    {"name": "tags", "POST": "/api/collections", "as": "admin", "save": {"tags": "id"},
     "json": {"name": "tags", "type": "base", "listRule": "", "viewRule": "", "fields": [
         {"type": "text", "name": "name", "required": True}], "indexes": ["CREATE UNIQUE INDEX idx_tags_name ON tags (name)"]}},
    {"name": "items", "POST": "/api/collections", "as": "admin", "save": {"items": "id"},
     "json": {"name": "items", "type": "base", "listRule": "owner = @request.auth.id || open = true", "viewRule": "owner = @request.auth.id || open = true",
              "createRule": "@request.auth.id != '' && owner = @request.auth.id && @request.body.locked:isset = false && @request.body.n:changed != 99",
              "updateRule": "owner = @request.auth.id && @request.body.owner:isset = false && (@request.body.title:isset = false || title != 'frozen')",
              "deleteRule": "owner = @request.auth.id && title != 'frozen'",
              "fields": [{"type": "text", "name": "title", "max": 20}, {"type": "number", "name": "n"}, {"type": "bool", "name": "open"},
                         {"type": "bool", "name": "locked"}, {"type": "text", "name": "hush", "hidden": True},
                         {"type": "select", "name": "sel", "values": ["a", "b", "c", "d"], "maxSelect": 3},
                         {"type": "select", "name": "one", "values": ["a", "b"]},
                         {"type": "relation", "name": "tag", "collectionId": "$tags", "maxSelect": 1},
                         {"type": "relation", "name": "tags", "collectionId": "$tags", "maxSelect": 2, "minSelect": 0},
                         {"type": "relation", "name": "owner", "collectionId": "_pb_users_auth_", "maxSelect": 1},
                         {"type": "text", "name": "slug", "autogeneratePattern": "[a-z0-9]{15}"},
                         {"type": "text", "name": "u1"}, {"type": "text", "name": "u2"},
                         {"type": "autodate", "name": "created", "onCreate": True}, {"type": "autodate", "name": "updated", "onCreate": True, "onUpdate": True}],
              "indexes": ["CREATE UNIQUE INDEX idx_items_slug ON items (slug)", "CREATE UNIQUE INDEX idx_items_pair ON items (u1, u2) WHERE u1 != ''"]}},
    {"name": "children", "POST": "/api/collections", "as": "admin",
     "json": {"name": "children", "type": "base", "listRule": "", "viewRule": "", "fields": [
         {"type": "relation", "name": "item", "collectionId": "$items", "maxSelect": 1, "cascadeDelete": True},
         {"type": "relation", "name": "soft", "collectionId": "$items", "maxSelect": 1},
         {"type": "relation", "name": "many", "collectionId": "$items", "maxSelect": 9}]}},
    {"name": "keepers", "POST": "/api/collections", "as": "admin",
     "json": {"name": "keepers", "type": "base", "listRule": "", "viewRule": "", "fields": [
         {"type": "relation", "name": "tag", "collectionId": "$tags", "maxSelect": 1, "required": True}]}},
    {"name": "closed", "POST": "/api/collections", "as": "admin", "json": {"name": "closed", "type": "base", "fields": [{"type": "text", "name": "x"}]}},
    *({"name": f"tag {key}", "POST": "/api/collections/tags/records", "as": "admin", "json": {"id": _ID[key], "name": key}} for key in ("t1", "t2", "t3")),
    *({"name": f"item {key}", "POST": _ITEMS, "as": "admin",
       "json": {"id": _ID[key], "title": title, "owner": owner, "open": opened, "n": 5, "sel": ["a", "b"], "tags": [_ID["t1"]], "hush": "h"}}
      for key, title, owner, opened in (("i1", "one", "$alice", True), ("i2", "two", "$bruno", False), ("i3", "frozen", "$alice", False), ("i4", "four", "", True))),
    {"name": "child one", "POST": "/api/collections/children/records", "as": "admin", "json": {"id": _ID["c1"], "item": _ID["i1"], "soft": _ID["i2"], "many": [_ID["i1"], _ID["i2"]]}},
    {"name": "child two", "POST": "/api/collections/children/records", "as": "admin", "json": {"id": _ID["c2"], "item": _ID["i4"], "soft": _ID["i1"], "many": [_ID["i1"]]}},
    {"name": "keeper", "POST": "/api/collections/keepers/records", "as": "admin", "json": {"id": _ID["k1"], "tag": _ID["t3"]}},
]  # fmt: skip


def _patch(name: str, body: Any, who: str = "alice", key: str = "i1") -> dict[str, Any]:
    return {"name": name, "PATCH": f"{_ITEMS}/{_ID[key]}", "as": who, "json": body}


SCENARIOS: list[dict[str, Any]] = [
    *({"name": f"{who} lists items", "GET": f"{_ITEMS}?sort=id", "as": who} for who in ("guest", "alice", "bruno", "admin")),
    *({"name": f"{who} views {key}", "GET": f"{_ITEMS}/{_ID[key]}", "as": who} for who in ("guest", "alice", "bruno", "admin") for key in ("i1", "i2", "i3", "nosuch")),
    *({"name": f"{who} lists a closed collection", "GET": "/api/collections/closed/records", "as": who} for who in ("guest", "alice", "admin")),
    *({"name": f"{who} views in a closed collection", "GET": "/api/collections/closed/records/x", "as": who} for who in ("guest", "alice", "admin")),
    *({"name": f"{who} creates in a closed collection", "POST": "/api/collections/closed/records", "as": who, "json": {"x": "1"}} for who in ("guest", "alice", "admin")),
    *({"name": f"{who} updates in a closed collection", "PATCH": "/api/collections/closed/records/x", "as": who, "json": {"x": "1"}} for who in ("guest", "alice", "admin")),
    *({"name": f"{who} deletes in a closed collection", "DELETE": "/api/collections/closed/records/x", "as": who} for who in ("guest", "alice", "admin")),
    {"name": "a guest creates", "POST": _ITEMS, "json": {"title": "x"}},
    {"name": "alice creates hers", "POST": _ITEMS, "as": "alice", "json": {"title": "x", "owner": "$alice"}},
    {"name": "alice creates bruno's", "POST": _ITEMS, "as": "alice", "json": {"title": "x", "owner": "$bruno"}},
    {"name": "alice creates nobody's", "POST": _ITEMS, "as": "alice", "json": {"title": "x"}},
    {"name": "alice sets locked", "POST": _ITEMS, "as": "alice", "json": {"title": "x", "owner": "$alice", "locked": True}},
    {"name": "alice sets locked to null", "POST": _ITEMS, "as": "alice", "json": {"title": "x", "owner": "$alice", "locked": None}},
    {"name": "alice sets n to 99", "POST": _ITEMS, "as": "alice", "json": {"title": "x", "owner": "$alice", "n": 99}},
    {"name": "alice sets a hidden field", "POST": _ITEMS, "as": "alice", "json": {"title": "x", "owner": "$alice", "hush": "mine"}},
    {"name": "alice creates with an error and a rule miss", "POST": _ITEMS, "as": "alice", "json": {"title": "x" * 21}},
    {"name": "alice creates with an error", "POST": _ITEMS, "as": "alice", "json": {"title": "x" * 21, "owner": "$alice"}},
    {"name": "an unknown relation", "POST": _ITEMS, "as": "admin", "json": {"tag": _ID["nosuch"]}},
    {"name": "an unknown relation among known", "POST": _ITEMS, "as": "admin", "json": {"tags": [_ID["t1"], _ID["nosuch"]]}},
    {"name": "too many relations", "POST": _ITEMS, "as": "admin", "json": {"tags": [_ID["t1"], _ID["t2"], _ID["t3"]]}},
    {"name": "a relation twice", "POST": _ITEMS, "as": "admin", "json": {"tags": [_ID["t1"], _ID["t1"]]}},
    {"name": "a single relation given a list", "POST": _ITEMS, "as": "admin", "json": {"tag": [_ID["t1"], _ID["t2"]]}},
    {"name": "relations given a string", "POST": _ITEMS, "as": "admin", "json": {"tags": _ID["t1"]}},
    {"name": "relations given a number", "POST": _ITEMS, "as": "admin", "json": {"tags": 5}},
    {"name": "a slug", "POST": _ITEMS, "as": "admin", "json": {"slug": "fixed", "u1": "a", "u2": "b"}},
    {"name": "the same slug", "POST": _ITEMS, "as": "admin", "json": {"slug": "fixed"}},
    {"name": "the same pair", "POST": _ITEMS, "as": "admin", "json": {"u1": "a", "u2": "b"}},
    {"name": "the same slug and pair", "POST": _ITEMS, "as": "admin", "json": {"slug": "fixed", "u1": "a", "u2": "b"}},
    {"name": "a tag's name twice", "POST": "/api/collections/tags/records", "as": "admin", "json": {"name": "t1"}},
    {"name": "a tag without a name", "POST": "/api/collections/tags/records", "as": "admin", "json": {}},
    {"name": "slug:autogenerate", "POST": _ITEMS, "as": "admin", "json": {"slug:autogenerate": "pre-"}},
    {"name": "title:autogenerate without a pattern", "POST": _ITEMS, "as": "admin", "json": {"title:autogenerate": "pre-"}},
    {"name": "n+ on create", "POST": _ITEMS, "as": "admin", "json": {"n+": 5}},
    {"name": "n- on create", "POST": _ITEMS, "as": "admin", "json": {"n-": 5}},
    {"name": "sel+ on create", "POST": _ITEMS, "as": "admin", "json": {"sel+": ["a"]}},
    _patch("bruno updates alice's", {"title": "x"}, "bruno"),
    _patch("a guest updates", {"title": "x"}, "guest"),
    _patch("alice updates hers", {"title": "renamed"}),
    _patch("alice gives hers away", {"owner": "$bruno"}),
    _patch("alice updates the frozen", {"title": "x"}, "alice", "i3"),
    _patch("alice updates another field of the frozen", {"n": 6}, "alice", "i3"),
    _patch("an update of nothing", {}),
    _patch("an update of an unknown record", {"title": "x"}, "admin", "nosuch"),
    _patch("n+", {"n+": 2}), _patch("n-", {"n-": 1}), _patch("n+ text", {"n+": "x"}), _patch("n+ a string of digits", {"n+": "3"}), _patch("+n", {"+n": 2}),
    _patch("n and n+", {"n": 10, "n+": 1}), _patch("n+ and n-", {"n+": 4, "n-": 1}),
    _patch("sel+ one", {"sel+": "c"}), _patch("sel+ too many", {"sel+": "d"}), _patch("sel- one", {"sel-": "a"}), _patch("sel- a list", {"sel-": ["b", "x"]}),
    _patch("+sel", {"+sel": ["a"]}), _patch("sel+ present", {"sel+": "a"}), _patch("sel+ unknown", {"sel+": "zzz"}), _patch("sel- all", {"sel-": ["a", "b", "c", "d"]}),
    _patch("one+", {"one+": "b"}), _patch("one-", {"one-": "b"}), _patch("one- another", {"one": "a", "one-": "b"}),
    _patch("tags+", {"tags+": _ID["t2"]}), _patch("tags+ too many", {"tags+": _ID["t3"]}), _patch("tags-", {"tags-": [_ID["t1"]]}), _patch("+tags", {"+tags": _ID["t3"]}),
    _patch("tags+ unknown", {"tags-": [_ID["t2"]], "tags+": _ID["nosuch"]}), _patch("tag+", {"tag+": _ID["t1"]}), _patch("tag-", {"tag-": _ID["t1"]}),
    _patch("title+", {"title+": "x"}), _patch("ok-", {"open-": True}), _patch("unknown+", {"nosuch+": 1}), _patch("title to null", {"title": None}), _patch("n to null", {"n": None}),
    _patch("hush by its owner", {"hush": "changed"}), _patch("hush by the superuser", {"hush": "changed"}, "admin"), _patch("created", {"created": "2001-01-01 00:00:00.000Z"}, "admin"),
    _patch("updated", {"updated": "2001-01-01 00:00:00.000Z"}, "admin"), _patch("a new id", {"id": "newid0000000000"}, "admin"), _patch("the same id", {"id": _ID["i1"]}, "admin"),
    _patch("collectionId", {"collectionId": "x", "collectionName": "y"}, "admin"), _patch("expand", {"expand": {"tag": {}}}, "admin"),
    {"name": "an update with expand and fields", "PATCH": f"{_ITEMS}/{_ID['i1']}?expand=tags&fields=id,expand.tags.name", "as": "admin", "json": {"tags": [_ID["t1"], _ID["t2"]]}},
    {"name": "a create with expand and fields", "POST": f"{_ITEMS}?expand=owner&fields=title,expand.owner.name", "as": "admin", "json": {"title": "e", "owner": "$alice"}},
    {"name": "bruno deletes alice's", "DELETE": f"{_ITEMS}/{_ID['i1']}", "as": "bruno"},
    {"name": "a guest deletes", "DELETE": f"{_ITEMS}/{_ID['i1']}"},
    {"name": "alice deletes the frozen", "DELETE": f"{_ITEMS}/{_ID['i3']}", "as": "alice"},
    {"name": "a required relation keeps its tag", "DELETE": f"/api/collections/tags/records/{_ID['t3']}", "as": "admin"},
    {"name": "an optional relation lets its tag go", "DELETE": f"/api/collections/tags/records/{_ID['t1']}", "as": "admin"},
    {"name": "and is unset", "GET": f"{_ITEMS}/{_ID['i2']}", "as": "admin"},
    {"name": "alice deletes hers", "DELETE": f"{_ITEMS}/{_ID['i1']}", "as": "alice"},
    {"name": "twice", "DELETE": f"{_ITEMS}/{_ID['i1']}", "as": "alice"},
    {"name": "its children went with it or let it go", "GET": "/api/collections/children/records?sort=id", "as": "admin"},
    {"name": "delete a list", "DELETE": _ITEMS, "as": "admin"},
    {"name": "delete of an unknown collection", "DELETE": "/api/collections/nowhere/records/x", "as": "admin"},
    {"name": "alice deletes herself", "DELETE": "/api/collections/users/records/{alice}", "as": "alice"},
    {"name": "her token is a guest's", "GET": f"{_ITEMS}/{_ID['i3']}", "as": "alice"},
    {"name": "what she owned is nobody's", "GET": f"{_ITEMS}/{_ID['i3']}", "as": "admin"},
    {"name": "no users for guests", "GET": "/api/collections/users/records?fields=id"},
    {"name": "bruno sees himself", "GET": "/api/collections/users/records/{bruno}", "as": "bruno"},
    {"name": "bruno's mail is hidden from others", "GET": "/api/collections/users/records?sort=id", "as": "admin"},
    {"name": "a user without a password", "POST": "/api/collections/users/records", "json": {"email": "x@example.com"}},
    {"name": "a user with two passwords", "POST": "/api/collections/users/records", "json": {"email": "x@example.com", "password": "secret123", "passwordConfirm": "other1234"}},
    {"name": "a user with a short password", "POST": "/api/collections/users/records", "json": {"email": "x@example.com", "password": "x", "passwordConfirm": "x"}},
    {"name": "a user with a taken mail", "POST": "/api/collections/users/records", "json": {"email": "bruno@example.com", "password": "secret123", "passwordConfirm": "secret123"}},
    {"name": "a user with a bad mail", "POST": "/api/collections/users/records", "json": {"email": "nope", "password": "secret123", "passwordConfirm": "secret123"}},
    {"name": "a user who verifies himself", "POST": "/api/collections/users/records", "json": {"email": "v@example.com", "password": "secret123", "passwordConfirm": "secret123", "verified": True}},
    {"name": "a user with a tokenKey", "POST": "/api/collections/users/records", "json": {"email": "w@example.com", "password": "secret123", "passwordConfirm": "secret123", "tokenKey": "x" * 30}},
    {"name": "a user with a visible mail", "POST": "/api/collections/users/records", "json": {"email": "z@example.com", "emailVisibility": True, "password": "secret123", "passwordConfirm": "secret123"}},
    {"name": "bruno changes his mail", "PATCH": "/api/collections/users/records/{bruno}", "as": "bruno", "json": {"email": "new@example.com"}},
    {"name": "bruno changes his password without the old", "PATCH": "/api/collections/users/records/{bruno}", "as": "bruno", "json": {"password": "secret456", "passwordConfirm": "secret456"}},
    {"name": "bruno changes his password with a wrong old", "PATCH": "/api/collections/users/records/{bruno}", "as": "bruno", "json": {"oldPassword": "x", "password": "secret456", "passwordConfirm": "secret456"}},
    {"name": "bruno verifies himself", "PATCH": "/api/collections/users/records/{bruno}", "as": "bruno", "json": {"verified": False}},
    {"name": "bruno's name", "PATCH": "/api/collections/users/records/{bruno}", "as": "bruno", "json": {"name": "B"}},
    {"name": "bruno changes his password", "PATCH": "/api/collections/users/records/{bruno}", "as": "bruno", "json": {"oldPassword": "secret123", "password": "secret456", "passwordConfirm": "secret456"}},
    {"name": "bruno's old token is a guest's", "GET": "/api/collections/users/records/{bruno}", "as": "bruno"},
]  # fmt: skip

"""Accounts of several kinds: identities, rules, tokens that live and die, codes, factors, links, superusers."""

from typing import Any

_P = "/api/collections/people"
_S = "/api/collections/_superusers"
_PASS = {"password": "secret123", "passwordConfirm": "secret123"}
_LOGIN = f"{_P}/auth-with-password"
_PROVIDERS = [
    "apple",
    "google",
    "microsoft",
    "yandex",
    "facebook",
    "instagram2",
    "github",
    "gitlab",
    "bitbucket",
    "gitee",
    "gitea",
    "discord",
    "twitter",
    "kakao",
    "vk",
    "linear",
    "notion",
    "monday",
    "lark",
    "box",
    "spotify",
    "trakt",
    "twitch",
    "patreon",
    "strava",
    "wakatime",
    "livechat",
    "mailcow",
    "planningcenter",
    "oidc",
    "oidc2",
    "oidc3",
]
SETUP: list[dict[str, Any]] = [
    {"name": "teams", "POST": "/api/collections", "as": "admin", "json": {"name": "teams", "type": "base", "viewRule": "", "listRule": "", "fields": [{"name": "title", "type": "text"}]}, "save": {"teams": "id"}},
    {"name": "a team", "POST": "/api/collections/teams/records", "as": "admin", "json": {"title": "Reds"}, "save": {"reds": "id"}},
    {"name": "people", "POST": "/api/collections", "as": "admin", "json": {
        "name": "people", "type": "auth", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "id = @request.auth.id || @request.auth.role = 'boss'", "deleteRule": "id = @request.auth.id", "authRule": "blocked = false", "manageRule": "@request.auth.role = 'boss'",
        "fields": [{"name": "username", "type": "text", "required": True, "min": 3}, {"name": "role", "type": "text"}, {"name": "blocked", "type": "bool"}, {"name": "team", "type": "relation", "collectionId": "$teams", "maxSelect": 1}],
        "indexes": ["CREATE UNIQUE INDEX idx_people_username ON people (username COLLATE NOCASE)"], "passwordAuth": {"enabled": True, "identityFields": ["username", "email"]}}, "save": {"people": "id"}},
    {"name": "ada", "POST": f"{_P}/records", "as": "admin", "json": {"username": "Ada", "email": "ada@example.com", "team": "$reds", **_PASS}, "save": {"ada": "id"}},
    {"name": "bob the boss", "POST": f"{_P}/records", "as": "admin", "json": {"username": "bob", "email": "bob@example.com", "role": "boss", "verified": True, **_PASS}, "save": {"bob": "id"}},
    {"name": "mallory, blocked", "POST": f"{_P}/records", "as": "admin", "json": {"username": "mallory", "email": "m@example.com", "blocked": True, **_PASS}, "save": {"mallory": "id"}},
    {"name": "nameless", "POST": f"{_P}/records", "as": "admin", "json": {"username": "nomail", "email": "no@example.com", **_PASS}, "save": {"nomail": "id"}},
    {"name": "ada signs in", "POST": _LOGIN, "json": {"identity": "ada@example.com", "password": "secret123"}, "token": {"ada": "token"}},
    {"name": "bob signs in", "POST": _LOGIN, "json": {"identity": "bob", "password": "secret123"}, "token": {"bob": "token"}},
    {"name": "a user", "POST": "/api/collections/users/records", "as": "admin", "json": {"email": "u@example.com", **_PASS}, "save": {"user": "id"}},
    {"name": "he signs in", "POST": "/api/collections/users/auth-with-password", "json": {"identity": "u@example.com", "password": "secret123"}, "token": {"user": "token"}},
    {"name": "a file token", "POST": "/api/files/token", "as": "ada", "token": {"file": "token"}},
    {"name": "ada impersonated", "POST": f"{_P}/impersonate/{{ada}}", "as": "admin", "json": {"duration": 3600}, "token": {"static": "token"}},
]  # fmt: skip
_LOGINS: list[dict[str, Any]] = [
    {"identity": "ada"}, {"identity": "ADA"}, {"identity": "Ada"}, {"identity": "ada@example.com"}, {"identity": "ADA@EXAMPLE.COM"}, {"identity": " ada"}, {"identity": "ada", "identityField": "username"}, {"identity": "ada", "identityField": "email"}, {"identity": "ada@example.com", "identityField": "email"}, {"identity": "ada@example.com", "identityField": "username"},
    {"identity": "ada", "identityField": "role"}, {"identity": "ada", "identityField": "id"}, {"identity": "ada", "identityField": "x" * 256}, {"identity": "ada", "identityField": ""}, {"identity": "ada", "identityField": None}, {"identity": "ada", "identityField": 5}, {"identity": "nobody"}, {"identity": "x" * 255}, {"identity": "x" * 256}, {"identity": ""}, {"identity": None}, {"identity": 5}, {"identity": ["ada"]}, {"identity": {"a": 1}}, {"identity": True},
    {"identity": "ada", "password": "secret12"}, {"identity": "ada", "password": "SECRET123"}, {"identity": "ada", "password": ""}, {"identity": "ada", "password": None}, {"identity": "ada", "password": 5}, {"identity": "ada", "password": "x" * 72}, {"identity": "ada", "password": "x" * 73}, {"identity": "ada", "password": "x" * 255}, {"identity": "ada", "password": "x" * 256}, {"identity": "ada", "password": "ä" * 100}, {"identity": "ada", "password": "secret123\0"}, {"identity": "ada\0"},
    {"identity": "mallory"}, {"identity": "m@example.com"}, {"identity": "nomail"}, {"identity": "ada", "nosuch": 1}, {"IDENTITY": "ada"}, {"identity": "ada", "mfaId": "nosuch"}, {"identity": "ada", "mfaId": 5}, {"username": "ada"}, {"email": "ada@example.com"}, {"identity": "' OR 1=1 --"}, {"identity": "%"}, {"identity": "ada'"}, {"identity": "\\"}, {"identity": "\U0001f600"},
]  # fmt: skip
_REFS: list[dict[str, Any]] = [
    {}, {"collectionRef": "x", "recordRef": "y", "provider": "z", "providerId": "1"}, {"collectionRef": "$people", "recordRef": "y", "provider": "google", "providerId": "1"}, {"collectionRef": "$people", "recordRef": "$ada", "provider": "nosuch", "providerId": "1"}, {"collectionRef": "$people", "recordRef": "$ada", "provider": "", "providerId": ""}, {"collectionRef": "people", "recordRef": "$ada", "provider": "google", "providerId": "1"}, {"collectionRef": "$teams", "recordRef": "$reds", "provider": "google", "providerId": "1"},
    {"collectionRef": "$people", "recordRef": "$ada", "provider": "google", "providerId": "1"}, {"collectionRef": "$people", "recordRef": "$ada", "provider": "google", "providerId": "2"}, {"collectionRef": "$people", "recordRef": "$bob", "provider": "google", "providerId": "1"}, {"collectionRef": "$people", "recordRef": "$bob", "provider": "github", "providerId": "1"},
]  # fmt: skip
_OWN: list[dict[str, Any]] = [
    {"role": "x"}, {"verified": True}, {"verified": False}, {"email": "new@example.com"}, {"email": ""}, {"email": "ada@example.com"}, {"emailVisibility": True}, {"emailVisibility": False}, {"password": "another123"}, {"password": "another123", "passwordConfirm": "another123"}, {"password": "another123", "passwordConfirm": "another123", "oldPassword": "wrong"}, {"password": "short", "passwordConfirm": "short", "oldPassword": "secret123"}, {"password": "another123", "passwordConfirm": "other", "oldPassword": "secret123"}, {"passwordConfirm": "x"}, {"oldPassword": "x"}, {"oldPassword": "secret123"}, {"tokenKey": "x" * 50}, {"password": ""}, {"password": None}, {"username": "bob"}, {"username": "BOB"}, {"username": "ab"}, {"username": ""}, {"id": "abc"},
]  # fmt: skip
_AUTH_OPTIONS: list[dict[str, Any]] = [
    {"mfa": {"enabled": True}}, {"mfa": {"enabled": True, "duration": 5}, "otp": {"enabled": True}}, {"mfa": {"enabled": True, "rule": "nosuch = 1"}, "otp": {"enabled": True}}, {"otp": {"enabled": True, "duration": 5}}, {"otp": {"enabled": True, "length": 3}}, {"otp": {"enabled": True, "duration": 86401}}, {"otp": {"emailTemplate": {"subject": "", "body": ""}}}, {"passwordAuth": {"enabled": True, "identityFields": []}}, {"passwordAuth": {"enabled": True, "identityFields": ["role"]}}, {"passwordAuth": {"identityFields": ["nosuch"]}}, {"passwordAuth": {"enabled": False, "identityFields": []}}, {"passwordAuth": {"enabled": True, "identityFields": ["email", "email", "username"]}},
    {"authToken": {"duration": 5}}, {"authToken": {"duration": 94670857}}, {"authToken": {"secret": "short"}}, {"fileToken": {"duration": 0}}, {"verificationToken": {"duration": "x"}}, {"authRule": "nosuch = 1"}, {"manageRule": ""}, {"manageRule": "nosuch = 1"}, {"authAlert": {"enabled": True, "emailTemplate": {"subject": "", "body": ""}}}, {"verificationTemplate": {"subject": "x", "body": ""}}, {"resetPasswordTemplate": None}, {"confirmEmailChangeTemplate": {"subject": "s", "body": "no token"}},
    {"oauth2": {"enabled": True, "providers": [{"name": "nosuch", "clientId": "a", "clientSecret": "b"}]}}, {"oauth2": {"enabled": True, "providers": [{"name": "google"}]}}, {"oauth2": {"enabled": True, "providers": [{"name": "google", "clientId": "a", "clientSecret": "b"}, {"name": "google", "clientId": "a", "clientSecret": "b"}]}}, {"oauth2": {"enabled": True, "providers": [{"name": "google", "clientId": "a", "clientSecret": "b", "authURL": "x y"}]}}, {"oauth2": {"providers": [{"clientId": "a"}]}}, {"oauth2": {"mappedFields": {"username": "nosuch", "name": "username"}}},
]  # fmt: skip
_TWO = [
    {
        "mfa": {"enabled": False},
        "otp": {"enabled": True, "duration": 180, "length": 8},
        "passwordAuth": {"enabled": True, "identityFields": ["username", "email"]},
    }
]
SCENARIOS: list[dict[str, Any]] = [
    *({"name": f"log in {index}: {body!r:.90}", "POST": _LOGIN, "json": {"password": "secret123", **body}} for index, body in enumerate(_LOGINS)),
    *({"name": f"log in with {query}", "POST": f"{_LOGIN}?{query}", "json": {"identity": "ada", "password": "secret123"}} for query in ("fields=token", "fields=record.id,record.username", "expand=team", "expand=team&fields=record.expand.team.title", "expand=nosuch", "fields=*", "mfaId=x", "identity=bob")),
    *({"name": f"log in by {kind!r}: {raw[:60]!r}", "POST": _LOGIN, "raw": raw.replace("{", "{{").replace("}", "}}"), "type": kind} for kind, raw in (("text/plain", "x"), ("application/xml", "<a"), ("application/json", "{bad"), ("application/json", "[]"), ("application/json", "null"), ("application/json", ""), ("application/json", '{"identity":"ada","identity":"bob","password":"secret123"}'), ("application/json", '{"identity":"ada","password":"secret123"} tail'), ("application/json; charset=utf-8", '{"identity":"ada","password":"secret123"}'), ("application/x-www-form-urlencoded", "identity=ada&password=secret123"), ("application/x-www-form-urlencoded", "identity=ada&identity=bob&password=secret123"), ("", '{"identity":"ada","password":"secret123"}'))),
    {"name": "log in by multipart", "POST": _LOGIN, "form": [{"name": "identity", "value": "ada"}, {"name": "password", "value": "secret123"}]},
    *({"name": f"log in at {name} as {who}", "POST": f"/api/collections/{name}/auth-with-password", "as": who, "json": {"identity": "ada", "password": "secret123"}} for name in ("people", "PEOPLE", "users", "teams", "nosuch", "_superusers", "_otps") for who in ("guest", "bob", "admin")),
    *({"name": f"refresh at {name} as {who}", "POST": f"/api/collections/{name}/auth-refresh", "as": who} for name in ("people", "users", "_superusers", "teams", "nosuch") for who in ("guest", "ada", "user", "admin", "static", "file")),
    *({"name": f"refresh with {query}", "POST": f"{_P}/auth-refresh?{query}", "as": "ada"} for query in ("fields=record.id", "expand=team", "expand=team&fields=record.expand")),
    *({"name": f"refresh by the header {header[:12]!r}", "POST": f"{_P}/auth-refresh", "headers": {"Authorization": header}} for header in ("x", "Bearer", "Bearer x", "Basic eDp5", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.x", " ", "Bearer  x")),
    *({"name": f"ada changes herself {index}: {body!r:.80}", "PATCH": f"{_P}/records/{{ada}}", "as": "ada", "json": body} for index, body in enumerate(_OWN)),
    *({"name": f"bob changes ada {index}: {body!r:.80}", "PATCH": f"{_P}/records/{{ada}}", "as": "bob", "json": body} for index, body in enumerate(({"role": "y"}, {"verified": True}, {"email": "by-bob@example.com"}, {"email": "ada@example.com"}, {"password": "boss12345"}, {"password": "boss12345", "passwordConfirm": "boss12345"}))),
    {"name": "ada's old password", "POST": _LOGIN, "json": {"identity": "ada", "password": "secret123"}}, {"name": "ada's old token", "POST": f"{_P}/auth-refresh", "as": "ada"}, {"name": "ada's static token", "POST": f"{_P}/auth-refresh", "as": "static"}, {"name": "ada's new password", "POST": _LOGIN, "json": {"identity": "ada", "password": "boss12345"}, "token": {"ada": "token"}},
    *({"name": f"{who} looks at the people", "GET": f"{_P}/records?sort=username", "as": who} for who in ("guest", "ada", "bob", "user", "admin")), *({"name": f"{who} looks at ada", "GET": f"{_P}/records/{{ada}}?expand=team", "as": who} for who in ("guest", "ada", "bob", "user", "admin")),
    *({"name": f"sign up {index}", "POST": f"{_P}/records", "json": body} for index, body in enumerate(({}, {"username": "new1"}, {"username": "new2", "password": "secret123"}, {"username": "new3", "email": "new3@example.com", **_PASS}, {"username": "NEW3", "email": "NEW3@example.com", **_PASS}, {"username": "new4", "email": "BAD", **_PASS}, {"username": "new5", "email": "ada@example.com", **_PASS}, {"username": "new6", "email": "new6@example.com", "verified": True, **_PASS}, {"username": "new7", "email": "new7@example.com", "password": "x", "passwordConfirm": "x"}, {"username": "new8", "email": "new8@example.com", "password": "secret123", "passwordConfirm": "other"}, {"username": "new9", "email": "new9@example.com", "tokenKey": "x", **_PASS}, {"username": "new10", "email": "new10@example.com", "password": "x" * 72, "passwordConfirm": "x" * 72}, {"username": "new11", "email": "new11@example.com", "password": "x" * 71, "passwordConfirm": "x" * 71}, {"username": "new12", "email": "new12@example.com", "password": "ä" * 40, "passwordConfirm": "ä" * 40}))),
    *({"name": f"a link {index}: {body!r:.90}", "POST": "/api/collections/_externalAuths/records", "as": "admin", "json": body} for index, body in enumerate(_REFS)),
    *({"name": f"a row of {name}: {sorted(body.values())}", "POST": f"/api/collections/{name}/records", "as": "admin", "json": body} for name, extra in (("_mfas", {"method": "password"}), ("_otps", {"password": "12345678"}), ("_authOrigins", {"fingerprint": "abc"})) for body in ({}, extra, {**extra, "collectionRef": "$people", "recordRef": "nosuch"}, {**extra, "collectionRef": "$people", "recordRef": "$bob"})),
    *({"name": f"{name} listed as {who}", "GET": f"/api/collections/{name}/records?fields=recordRef", "as": who} for name in ("_mfas", "_externalAuths", "_otps") for who in ("guest", "bob", "admin")), {"name": "bob verifies ada", "PATCH": f"{_P}/records/{{ada}}", "as": "bob", "json": {"verified": False}}, {"name": "and again", "PATCH": f"{_P}/records/{{ada}}", "as": "bob", "json": {"verified": True}}, {"name": "links after that", "GET": "/api/collections/_externalAuths/records?fields=provider,providerId,recordRef&sort=providerId", "as": "admin"},
    *({"name": f"impersonate {index}", "POST": f"{_P}/impersonate/{target}", "as": who, "json": body} for index, (who, target, body) in enumerate((("guest", "{ada}", {}), ("ada", "{ada}", {}), ("bob", "{ada}", {}), ("admin", "{ada}", {}), ("admin", "{mallory}", {}), ("admin", "nosuch", {}), ("admin", "{ada}", {"duration": 0}), ("admin", "{ada}", {"duration": -1}), ("admin", "{ada}", {"duration": 10}), ("admin", "{ada}", {"duration": 1.5}), ("admin", "{ada}", {"duration": "x"}), ("admin", "{ada}", {"duration": None}), ("admin", "{user}", {})))),
    *({"name": f"{name} methods", "GET": f"/api/collections/{name}/auth-methods"} for name in ("people", "users", "_superusers", "teams", "nosuch", "PEOPLE")), {"name": "methods, some fields", "GET": f"{_P}/auth-methods?fields=password,mfa.enabled"},
    *({"name": f"options {index}: {body!r:.80}", "PATCH": _P, "as": "admin", "json": body} for index, body in enumerate(_AUTH_OPTIONS)), {"name": "calm options", "PATCH": _P, "as": "admin", "json": {**_TWO[0], "oauth2": {"enabled": False, "providers": []}}},
    {"name": "every provider", "PATCH": _P, "as": "admin", "json": {"oauth2": {"enabled": True, "providers": [{"name": name, "clientId": "id", "clientSecret": "secret"} for name in _PROVIDERS]}}},
    {"name": "every provider's method", "GET": f"{_P}/auth-methods", "ignore": [f"{where}.*.{name}" for where in ("oauth2.providers", "authProviders") for name in ("state", "authURL", "authUrl", "codeVerifier", "codeChallenge")], "why": "random-examples"},
    *({"name": f"log in by provider {index}: {body!r:.70}", "POST": f"{_P}/auth-with-oauth2", "json": body} for index, body in enumerate(({}, {"provider": "google"}, {"code": "x"}, {"provider": "nosuch", "code": "x"}, {"provider": "x" * 101, "code": "x"}, {"provider": 5, "code": "x"}, {"provider": "oidc", "code": "x"}, {"provider": "mailcow", "code": "x", "redirectUrl": "y"}))),
    {"name": "providers off again", "PATCH": _P, "as": "admin", "json": {"oauth2": {"enabled": False, "providers": []}}},
    {"name": "a code for bob", "POST": f"{_P}/request-otp", "json": {"email": "bob@example.com"}, "save": {"otp": "otpId"}}, {"name": "a code for nobody", "POST": f"{_P}/request-otp", "json": {"email": "nobody@example.com"}},
    *({"name": f"ask for a code {index}", "POST": f"{_P}/request-otp", "json": body} for index, body in enumerate(({}, {"email": ""}, {"email": "x"}, {"email": 5}, {"email": "x" * 256 + "@a.co"}, {"email": "BOB@EXAMPLE.COM"}))), *({"name": f"a wrong code {index}", "POST": f"{_P}/auth-with-otp", "json": body} for index, body in enumerate(({}, {"otpId": "x"}, {"password": "x"}, {"otpId": "nosuch", "password": "12345678"}, {"otpId": "x" * 256, "password": "1"}, {"otpId": "x", "password": "1" * 72}, {"otpId": 5, "password": "1"}))),
    {"name": "nobody may log in", "PATCH": _P, "as": "admin", "json": {"authRule": None}}, {"name": "bob tries", "POST": _LOGIN, "json": {"identity": "bob", "password": "secret123"}}, {"name": "bob's token is dead", "GET": f"{_P}/records/{{ada}}", "as": "bob"}, {"name": "impersonating bob", "POST": f"{_P}/impersonate/{{bob}}", "as": "admin"}, {"name": "a wrong password with that", "POST": _LOGIN, "json": {"identity": "bob", "password": "wrong"}},
    {"name": "only who is on a team", "PATCH": _P, "as": "admin", "json": {"authRule": "team.title = 'Reds' && @request.context = 'password'"}}, {"name": "ada may", "POST": _LOGIN, "json": {"identity": "ada", "password": "boss12345"}, "token": {"ada": "token"}}, {"name": "bob may not", "POST": _LOGIN, "json": {"identity": "bob", "password": "secret123"}}, {"name": "ada may not refresh", "POST": f"{_P}/auth-refresh", "as": "ada"},
    {"name": "everybody again", "PATCH": _P, "as": "admin", "json": {"authRule": ""}}, {"name": "ada in", "POST": _LOGIN, "json": {"identity": "ada", "password": "boss12345"}, "token": {"ada": "token"}}, {"name": "another secret", "PATCH": _P, "as": "admin", "json": {"authToken": {"secret": "z" * 50, "duration": 1000}}}, {"name": "her token is dead", "POST": f"{_P}/auth-refresh", "as": "ada"},
    *({"name": f"a superuser {index}", "POST": f"{_S}/records", "as": who, "json": body} for index, (who, body) in enumerate((("guest", {"email": "s@example.com", **_PASS}), ("user", {"email": "s@example.com", **_PASS}), ("admin", {}), ("admin", {"email": "bad", **_PASS}), ("admin", {"email": "s@example.com", "password": "short", "passwordConfirm": "short"}), ("admin", {"email": "s@example.com", "verified": False, **_PASS}), ("admin", {"email": "s@example.com", **_PASS})))),
    {"name": "he is in", "POST": f"{_S}/auth-with-password", "json": {"identity": "s@example.com", "password": "secret123"}, "token": {"second": "token"}, "save": {"second": "record.id"}}, {"name": "superusers", "GET": f"{_S}/records?sort=email", "as": "second"}, {"name": "he changes his password", "PATCH": f"{_S}/records/{{second}}", "as": "second", "json": {"password": "another123", "passwordConfirm": "another123"}}, {"name": "his token is dead", "GET": f"{_S}/records", "as": "second"}, {"name": "a wrong old password", "POST": f"{_S}/auth-with-password", "json": {"identity": "s@example.com", "password": "secret123"}}, {"name": "he goes", "DELETE": f"{_S}/records/{{second}}", "as": "admin"}, {"name": "the last one stays", "DELETE": f"{_S}/records/{{admin_id}}", "as": "admin"}, {"name": "superusers have passwords", "PATCH": _S, "as": "admin", "json": {"passwordAuth": {"enabled": False}, "name": "x"}}, {"name": "superusers have no providers", "PATCH": _S, "as": "admin", "json": {"oauth2": {"enabled": True, "providers": [{"name": "google", "clientId": "a", "clientSecret": "b"}]}}}, {"name": "their rules stay", "PATCH": _S, "as": "admin", "json": {"listRule": ""}}, {"name": "their options", "GET": _S, "as": "admin", "ignore": ["updated"], "why": "random-examples"},
    {"name": "ada in once more", "POST": _LOGIN, "json": {"identity": "ada", "password": "boss12345"}, "token": {"ada": "token"}}, {"name": "ada leaves", "DELETE": f"{_P}/records/{{ada}}", "as": "ada"}, {"name": "her token after that", "POST": f"{_P}/auth-refresh", "as": "ada"}, {"name": "her links after that", "GET": "/api/collections/_externalAuths/records?fields=provider,recordRef", "as": "admin"}, {"name": "bob leaves with his rows", "DELETE": f"{_P}/records/{{bob}}", "as": "admin"}, *({"name": f"{name} after that", "GET": f"/api/collections/{name}/records?fields=recordRef&filter=collectionRef='{{people}}'", "as": "admin"} for name in ("_mfas", "_otps", "_externalAuths")), {"name": "people go", "DELETE": _P, "as": "admin"},
]  # fmt: skip

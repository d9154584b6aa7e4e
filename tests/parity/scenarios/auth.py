"""Signing in, refreshing, and the other flows of an auth collection, with every wrong body."""

from typing import Any

_U = "/api/collections/users"
_PW = {"password": "secret123", "passwordConfirm": "secret123"}


def _sign_in(who: str, collection: str = "users") -> dict[str, Any]:
    return {"name": f"{who} signs in", "POST": f"/api/collections/{collection}/auth-with-password",
            "json": {"identity": f"{who}@example.com", "password": "secret123"}, "token": {who: "token"}}  # fmt: skip


SETUP: list[dict[str, Any]] = [
    {"name": "ada", "POST": f"{_U}/records", "as": "admin", "save": {"ada": "id"}, "json": {"email": "ada@example.com", "verified": True, "name": "Ada", **_PW}},
    {"name": "ben", "POST": f"{_U}/records", "as": "admin", "save": {"ben": "id"}, "json": {"email": "ben@example.com", "name": "Ben", **_PW}},
    {"name": "clients sign in by name", "POST": "/api/collections", "as": "admin", "json": {
        "name": "clients", "type": "auth", "listRule": "", "viewRule": "", "authRule": "verified = true", "manageRule": "@request.auth.collectionName = 'users'",
        "updateRule": "id = @request.auth.id || @request.auth.collectionName = 'users'", "fields": [{"name": "nick", "type": "text", "required": True}],
        "indexes": ["CREATE UNIQUE INDEX idx_clients_nick ON clients (nick)"], "passwordAuth": {"enabled": True, "identityFields": ["email", "nick"]}}},
    {"name": "nopass have no passwords", "POST": "/api/collections", "as": "admin", "json": {"name": "nopass", "type": "auth", "passwordAuth": {"enabled": False}}},
    {"name": "mfas need two", "POST": "/api/collections", "as": "admin", "json": {"name": "doubles", "type": "auth", "mfa": {"enabled": True, "duration": 100}, "otp": {"enabled": True, "length": 6, "duration": 100}}},
    {"name": "cid", "POST": "/api/collections/clients/records", "as": "admin", "save": {"cid": "id"}, "json": {"email": "cid@example.com", "nick": "cid", "verified": True, **_PW}},
    {"name": "dan", "POST": "/api/collections/clients/records", "as": "admin", "save": {"dan": "id"}, "json": {"email": "dan@example.com", "nick": "ben@example.com", **_PW}},
    {"name": "eve", "POST": "/api/collections/doubles/records", "as": "admin", "save": {"eve": "id"}, "json": {"email": "eve@example.com", "verified": True, **_PW}},
    _sign_in("ada"), _sign_in("ben"), _sign_in("cid", "clients"),
]  # fmt: skip
_BODIES: list[Any] = [
    {}, None, [], "x", {"identity": ""}, {"identity": "ada@example.com"}, {"password": "secret123"}, {"identity": "ada@example.com", "password": ""}, {"identity": "ada@example.com", "password": "wrong1234"}, {"identity": "nobody@example.com", "password": "secret123"},
    {"identity": "ADA@EXAMPLE.COM", "password": "secret123"}, {"identity": " ada@example.com", "password": "secret123"}, {"identity": 5, "password": 6}, {"identity": "ada@example.com", "password": "secret123", "identityField": "email"}, {"identity": "ada@example.com", "password": "secret123", "identityField": "name"},
    {"identity": "ada@example.com", "password": "secret123", "identityField": ""}, {"identity": "Ada", "password": "secret123"}, {"identity": "x" * 256, "password": "secret123"}, {"identity": "ada@example.com", "password": "x" * 256}, {"identity": "ada@example.com' OR 1=1 --", "password": "x"}, {"identity": "ada@example.com", "password": "secret123", "extra": 1},
]  # fmt: skip
_FLOWS: dict[str, list[Any]] = {
    "request-verification": [{}, {"email": ""}, {"email": "nope"}, {"email": "nobody@example.com"}, {"email": "ada@example.com"}, {"email": 5}, {"email": "ada@example.com", "x": 1}],
    "confirm-verification": [{}, {"token": ""}, {"token": "x"}, {"token": "a.b.c"}, {"token": "$ada_token"}, {"token": 5}],
    "request-password-reset": [{}, {"email": ""}, {"email": "nope"}, {"email": "nobody@example.com"}, {"email": 5}],
    "confirm-password-reset": [{}, {"token": "x", "password": "secret123", "passwordConfirm": "secret123"}, {"token": "x", "password": "a", "passwordConfirm": "b"}, {"token": "", "password": "", "passwordConfirm": ""}, {"token": "$ada_token", "password": "secret123", "passwordConfirm": "secret123"}],
    "request-email-change": [{}, {"newEmail": ""}, {"newEmail": "nope"}, {"newEmail": "ben@example.com"}, {"newEmail": "ada@example.com"}],
    "confirm-email-change": [{}, {"token": "x", "password": "secret123"}, {"token": "", "password": ""}, {"token": "$ada_token", "password": "secret123"}],
    "request-otp": [{}, {"email": ""}, {"email": "nope"}, {"email": "ada@example.com"}],
    "auth-with-otp": [{}, {"otpId": "", "password": ""}, {"otpId": "x", "password": "y"}, {"otpId": "x" * 256, "password": "y"}],
    "auth-with-oauth2": [{}, {"provider": "google"}, {"provider": "google", "code": "x", "redirectURL": "http://x"}, {"provider": "nosuch", "code": "x", "redirectURL": "y"}, {"provider": "", "code": "", "redirectURL": ""}],
    "auth-refresh": [{}, None],
    "impersonate/x": [{}, {"duration": 5}],
}  # fmt: skip
SCENARIOS: list[dict[str, Any]] = [
    *({"name": f"password {index}: {body!r:.70}", "POST": f"{_U}/auth-with-password", "json": body} for index, body in enumerate(_BODIES)),
    {"name": "a password by form", "POST": f"{_U}/auth-with-password", "form": [{"name": "identity", "value": "ada@example.com"}, {"name": "password", "value": "secret123"}]},
    {"name": "a password with expand and fields", "POST": f"{_U}/auth-with-password?fields=record.email&expand=x", "json": {"identity": "ada@example.com", "password": "secret123"}},
    {"name": "a password of a signed-in user", "POST": f"{_U}/auth-with-password", "as": "ben", "json": {"identity": "ada@example.com", "password": "secret123"}},
    {"name": "a password by GET", "GET": f"{_U}/auth-with-password"},
    *({"name": f"password at {target} of {identity}", "POST": f"/api/collections/{target}/auth-with-password", "json": {"identity": identity, "password": "secret123"}} for target, identity in (
        ("nosuch", "ada@example.com"), ("_otps", "x"), ("nopass", "x@example.com"), ("clients", "cid@example.com"), ("clients", "dan@example.com"), ("clients", "ben@example.com"), ("USERS", "ada@example.com"), ("_pb_users_auth_", "ada@example.com"), ("_superusers", "ada@example.com"))),
    {"name": "by nick", "POST": "/api/collections/clients/auth-with-password", "json": {"identity": "cid", "password": "secret123"}},
    {"name": "by nick as said", "POST": "/api/collections/clients/auth-with-password", "json": {"identity": "cid", "password": "secret123", "identityField": "nick"}},
    {"name": "by nick as email", "POST": "/api/collections/clients/auth-with-password", "json": {"identity": "cid", "password": "secret123", "identityField": "email"}},
    {"name": "the first of two factors", "POST": "/api/collections/doubles/auth-with-password", "json": {"identity": "eve@example.com", "password": "secret123"}},
    {"name": "the same factor again", "POST": "/api/collections/doubles/auth-with-password", "json": {"identity": "eve@example.com", "password": "secret123", "mfaId": "nosuch"}},
    *({"name": f"methods of {target}", "GET": f"/api/collections/{target}/auth-methods"} for target in ("users", "clients", "nopass", "doubles", "_superusers", "_otps", "nosuch")),
    {"name": "methods, some fields", "GET": f"{_U}/auth-methods?fields=password,mfa.enabled"},
    *({"name": f"refresh as {who} at {target}", "POST": f"/api/collections/{target}/auth-refresh", "as": who} for who in ("guest", "ada", "cid", "admin") for target in ("users", "clients", "_superusers", "nosuch", "_otps")),
    {"name": "refresh with fields", "POST": f"{_U}/auth-refresh?fields=token,record.name", "as": "ada"},
    {"name": "refresh by Bearer", "POST": f"{_U}/auth-refresh", "headers": {"Authorization": "Bearer x"}},
    *({"name": f"{flow} {index} as {who}: {body!r:.60}", "POST": f"{_U}/{flow}", "as": who, "json": body, **({"ignore": ["otpId"], "why": "random-examples"} if flow == "request-otp" else {})} for flow, bodies in _FLOWS.items() for index, body in enumerate(bodies) for who in ("guest", "ada")),
    *({"name": f"{flow} at {target}", "POST": f"/api/collections/{target}/{flow}", "json": {}} for flow in _FLOWS for target in ("nopass", "nosuch", "_otps", "_superusers")),
    {"name": "impersonate ada", "POST": f"{_U}/impersonate/{{ada}}", "as": "admin", "json": {"duration": 100}, "token": {"as_ada": "token"}},
    {"name": "as ada", "GET": f"{_U}/records/{{ada}}", "as": "as_ada"}, {"name": "refresh of an impersonation", "POST": f"{_U}/auth-refresh", "as": "as_ada"},
    *({"name": f"impersonate as {who}", "POST": f"{_U}/impersonate/{{ada}}", "as": who, "json": {}} for who in ("guest", "ben", "admin")),
    *({"name": f"impersonate with {body!r}", "POST": f"{_U}/impersonate/{{ada}}", "as": "admin", "json": body} for body in ({"duration": -1}, {"duration": 0}, {"duration": "x"}, {"duration": 1.5}, {"duration": 1e12})),
    {"name": "impersonate nobody", "POST": f"{_U}/impersonate/nosuch", "as": "admin", "json": {}}, {"name": "impersonate in a base", "POST": "/api/collections/_params/impersonate/x", "as": "admin", "json": {}},
    *({"name": f"a file token as {who}", "POST": "/api/files/token", "as": who} for who in ("guest", "ada", "admin")),
    *({"name": f"users listed as {who}", "GET": f"{_U}/records?sort=email", "as": who} for who in ("guest", "ada", "cid", "admin")),
    *({"name": f"clients listed as {who}", "GET": "/api/collections/clients/records?sort=nick", "as": who} for who in ("guest", "ada", "cid", "admin")),
    *({"name": f"{who} manages cid with {body!r:.60}", "PATCH": "/api/collections/clients/records/{cid}", "as": who, "json": body} for who in ("cid", "ada") for body in (
        {"email": "changed@example.com"}, {"verified": False}, {"password": "other1234", "passwordConfirm": "other1234"}, {"emailVisibility": True}, {"tokenKey": "k" * 40}, {"tokenKey": "k" * 29}, {"nick": ""}, {"password": "other1234"}, {"passwordConfirm": "other1234"})),
    {"name": "cid's old token", "POST": "/api/collections/clients/auth-refresh", "as": "cid"},
    *({"name": f"the Authorization {value!r:.40}", "GET": f"{_U}/records?fields=id", "headers": {"Authorization": value}} for value in ("", "x", "Bearer", "Bearer ", "Basic eDp5", "eyJhbGciOiJub25lIn0.e30.", "a.b.c", "Bearer a.b.c", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IngifQ.x")),
    {"name": "the last superuser stays", "DELETE": "/api/collections/_superusers/records/{admin_id}", "as": "admin"},
    {"name": "superusers as ada", "GET": "/api/collections/_superusers/records", "as": "ada"}, {"name": "superusers as a superuser", "GET": "/api/collections/_superusers/records", "as": "admin"},
    {"name": "a superuser made by ada", "POST": "/api/collections/_superusers/records", "as": "ada", "json": {"email": "s@example.com", **_PW}},
    {"name": "another superuser", "POST": "/api/collections/_superusers/records", "as": "admin", "json": {"email": "s@example.com", **_PW}},
    {"name": "a superuser who is not verified", "PATCH": "/api/collections/_superusers/records/{admin_id}", "as": "admin", "json": {"verified": False}},
    *({"name": f"{name} listed as {who}", "GET": f"/api/collections/{name}/records?fields=method,provider,sentTo", "as": who} for name in ("_mfas", "_otps", "_externalAuths", "_authOrigins") for who in ("guest", "ada", "admin")),
    {"name": "ada deletes herself", "DELETE": f"{_U}/records/{{ada}}", "as": "ada"}, {"name": "and cannot refresh", "POST": f"{_U}/auth-refresh", "as": "ada"},
]  # fmt: skip

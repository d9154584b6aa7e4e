"""Who is let in at all: rate limits by label and audience, addresses behind proxies, superusers' addresses."""

from typing import Any

_SETTINGS = "/api/settings"
_LOGIN = "/api/collections/users/auth-with-password"
SETUP: list[dict[str, Any]] = [
    {"name": "a user", "POST": "/api/collections/users/records", "as": "admin", "json": {"email": "u@example.com", "password": "secret123", "passwordConfirm": "secret123"}},
    {"name": "he signs in", "POST": _LOGIN, "json": {"identity": "u@example.com", "password": "secret123"}, "token": {"user": "token"}},
    {"name": "open posts", "POST": "/api/collections", "as": "admin", "json": {"name": "posts", "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "", "fields": [{"name": "title", "type": "text"}]}},
    {"name": "a post", "POST": "/api/collections/posts/records", "as": "admin", "json": {"title": "one"}, "save": {"post": "id"}},
]  # fmt: skip


def _rules(*rules: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    made = [
        {"label": label, "maxRequests": count, "duration": 600, "audience": audience}
        for label, count, audience in rules
    ]
    return {"rateLimits": {"enabled": True, "rules": made, "excludedIPs": [], **more}}


def _part(title: str, settings: dict[str, Any], *asked: tuple[str, str, str, Any, int]) -> list[dict[str, Any]]:
    """Other settings, then each request so many times."""
    steps: list[dict[str, Any]] = [{"name": f"{title}: settings", "PATCH": _SETTINGS, "as": "admin", "json": settings}]
    for number, (verb, target, who, body, times) in enumerate(asked):
        for time in range(times):
            step = {"name": f"{title}: {number} {verb} {target} as {who}, {time + 1}", verb: target, "as": who}
            steps.append({**step, "json": body} if body is not None else step)
    return steps


_HEALTH, _POSTS, _POST = "/api/health", "/api/collections/posts/records", "/api/collections/posts/records/{post}"
_BAD = {"identity": "x", "password": "y"}
_PROXIES: list[tuple[list[str], bool, dict[str, str]]] = [
    ([], False, {"X-Real-IP": "1.2.3.4"}), (["X-Real-IP"], False, {"X-Real-IP": "1.2.3.4"}), (["X-Real-IP"], False, {"x-real-ip": " 1.2.3.4 "}), (["X-Real-IP"], False, {"X-Real-IP": "nonsense"}), (["X-Real-IP"], False, {"X-Real-IP": ""}), (["X-Real-IP"], False, {}), (["X-Real-IP"], False, {"X-Real-IP": "::1"}), (["X-Real-IP"], False, {"X-Real-IP": "2001:db8::1"}), (["X-Real-IP"], False, {"X-Real-IP": "[::1]:80"}), (["X-Real-IP"], False, {"X-Real-IP": "1.2.3.4:80"}),
    (["X-Forwarded-For"], False, {"X-Forwarded-For": "1.1.1.1, 2.2.2.2,3.3.3.3"}), (["X-Forwarded-For"], True, {"X-Forwarded-For": "1.1.1.1, 2.2.2.2,3.3.3.3"}), (["X-Forwarded-For"], False, {"X-Forwarded-For": "1.1.1.1, 2.2.2.2, x"}), (["X-Forwarded-For"], True, {"X-Forwarded-For": "x, 2.2.2.2, 3.3.3.3"}), (["X-Forwarded-For"], False, {"X-Forwarded-For": ",,"}), (["X-Forwarded-For"], False, {"X-Forwarded-For": "010.1.1.1"}), (["X-Forwarded-For"], False, {"X-Forwarded-For": "fe80::1%eth0"}), (["X-Forwarded-For"], False, {"X-Forwarded-For": "::ffff:1.2.3.4"}),
    (["X-A", "X-B"], False, {"X-B": "9.9.9.9"}), (["X-A", "X-B"], False, {"X-A": "8.8.8.8", "X-B": "9.9.9.9"}), (["X-A", "X-B"], False, {"X-A": "bad", "X-B": "9.9.9.9"}), ([], False, {"CF-Connecting-IP": "1.2.3.4"}), ([], False, {"Fly-Client-IP": "1.2.3.4"}), ([], False, {"X-Forwarded-For": "1.2.3.4"}), (["X-A"], False, {"X-A": "7.7.7.7", "CF-Connecting-IP": "1.2.3.4"}),
]  # fmt: skip
_FROM = {"X-Real-IP": "10.1.2.3"}
_ELSEWHERE = {"X-Real-IP": "11.1.2.3"}
SCENARIOS: list[dict[str, Any]] = [
    *_part("a path", _rules(("/api/health", 2, "")), ("GET", _HEALTH, "guest", None, 3), ("GET", f"{_HEALTH}?x=1", "guest", None, 1), ("GET", _POSTS, "guest", None, 1), ("GET", _HEALTH, "user", None, 1), ("GET", _HEALTH, "admin", None, 2)),
    *_part("a method and a path", _rules(("GET /api/health", 1, "")), ("HEAD", _HEALTH, "guest", None, 2), ("GET", _HEALTH, "guest", None, 2), ("PUT", _HEALTH, "guest", {}, 1)),
    *_part("a prefix", _rules(("/api/", 3, "")), ("GET", _HEALTH, "guest", None, 1), ("GET", _POSTS, "guest", None, 1), ("GET", "/api/nosuch", "guest", None, 1), ("GET", _HEALTH, "guest", None, 2), ("GET", "/nosuch", "guest", None, 1), ("GET", "/api", "guest", None, 1)),
    *_part("guests only", _rules(("/api/", 1, "@guest")), ("GET", _HEALTH, "guest", None, 2), ("GET", _HEALTH, "user", None, 2)),
    *_part("users only", _rules(("/api/", 1, "@auth")), ("GET", _HEALTH, "user", None, 2), ("GET", _HEALTH, "guest", None, 2), ("GET", _HEALTH, "admin", None, 2)),
    *_part("both, apart", _rules(("/api/", 1, "@guest"), ("/api/", 2, "@auth")), ("GET", _HEALTH, "guest", None, 2), ("GET", _HEALTH, "user", None, 3)),
    *_part("an action", _rules(("posts:list", 1, ""), ("posts:view", 2, "")), ("GET", _POSTS, "guest", None, 2), ("GET", _POST, "guest", None, 3), ("GET", _HEALTH, "guest", None, 1)),
    *_part("an action of any collection", _rules(("*:create", 1, "")), ("POST", _POSTS, "guest", {"title": "x"}, 2), ("PATCH", _POST, "guest", {"title": "y"}, 2), ("GET", _POSTS, "guest", None, 1)),
    *_part("updates and deletes", _rules(("posts:update", 1, ""), ("*:delete", 1, "")), ("PATCH", _POST, "guest", {"title": "z"}, 2), ("DELETE", f"{_POSTS}/nosuch", "guest", None, 2)),
    *_part("log-ins", _rules(("*:auth", 2, "")), ("POST", _LOGIN, "guest", _BAD, 3), ("POST", "/api/collections/_superusers/auth-with-password", "guest", _BAD, 3), ("POST", "/api/collections/users/auth-with-otp", "guest", {}, 3), ("POST", "/api/collections/users/auth-with-oauth2", "guest", {}, 3)),
    *_part("one kind of log-in", _rules(("users:authWithPassword", 1, "")), ("POST", _LOGIN, "guest", _BAD, 2), ("POST", "/api/collections/USERS/auth-with-password", "guest", _BAD, 1), ("POST", "/api/collections/_superusers/auth-with-password", "guest", _BAD, 2)),
    *_part("the rest of auth", _rules(("*:listAuthMethods", 1, ""), ("*:authRefresh", 1, ""), ("*:requestOTP", 1, ""), ("*:requestPasswordReset", 1, ""), ("*:confirmPasswordReset", 1, ""), ("*:requestVerification", 1, ""), ("*:confirmVerification", 1, ""), ("*:requestEmailChange", 1, ""), ("*:confirmEmailChange", 1, "")),
           ("GET", "/api/collections/users/auth-methods", "guest", None, 2), *(("POST", f"/api/collections/users/{name}", who, {}, 2) for name, who in (("auth-refresh", "user"), ("request-otp", "guest"), ("request-password-reset", "guest"), ("confirm-password-reset", "guest"), ("request-verification", "guest"), ("confirm-verification", "guest"), ("request-email-change", "user"), ("confirm-email-change", "guest")))),
    *_part("an action before a path", _rules(("/api/", 1, ""), ("posts:list", 3, "")), ("GET", _POSTS, "guest", None, 4), ("GET", _HEALTH, "guest", None, 2)),
    *_part("a path before a prefix", _rules(("/api/", 1, ""), ("/api/health", 2, "")), ("GET", _HEALTH, "guest", None, 3), ("GET", "/api/nosuch", "guest", None, 2)),
    *_part("excluded", _rules(("/api/", 1, ""), excludedIPs=["127.0.0.0/8"]), ("GET", _HEALTH, "guest", None, 3)),
    *_part("a missing collection", _rules(("/api/", 2, "")), ("GET", "/api/collections/nosuch/records", "guest", None, 3), ("POST", "/api/collections/nosuch/auth-with-password", "guest", {}, 3)),
    *_part("renamed", _rules(("posts:list", 1, "")), ("GET", _POSTS, "guest", None, 1), ("PATCH", "/api/collections/posts", "admin", {"name": "texts"}, 1), ("GET", _SETTINGS + "?fields=rateLimits.rules", "admin", None, 1), ("GET", "/api/collections/texts/records", "guest", None, 2), ("PATCH", "/api/collections/texts", "admin", {"name": "posts"}, 1)),
    {"name": "no limits any more", "PATCH": _SETTINGS, "as": "admin", "json": {"rateLimits": {"enabled": False, "rules": []}}},
    *(step for index, (headers, left, sent) in enumerate(_PROXIES) for step in ({"name": f"proxy {index} trusts {headers}, leftmost {left}", "PATCH": _SETTINGS, "as": "admin", "json": {"trustedProxy": {"headers": headers, "useLeftmostIP": left}}}, {"name": f"proxy {index} asked with {sent}", "GET": _HEALTH, "as": "admin", "headers": sent, **({} if headers and any(value.strip() for value in sent.values()) else {"ignore": ["data.realIP"], "why": "addresses"})})),
    {"name": "trust X-Real-IP", "PATCH": _SETTINGS, "as": "admin", "json": {"trustedProxy": {"headers": ["X-Real-IP"], "useLeftmostIP": False}}},
    {"name": "superusers from 10.0.0.0/8 only", "PATCH": _SETTINGS, "as": "admin", "json": {"superuserIPs": ["10.0.0.0/8", "2001:db8::/32"]}, "headers": _FROM},
    *({"name": f"{verb} {target} from {name} as {who}", verb: target, "as": who, "headers": headers, **({"json": {}} if verb in ("POST", "PATCH") else {})} for name, headers in (("inside", _FROM), ("outside", _ELSEWHERE), ("IPv6", {"X-Real-IP": "2001:db8::5"}), ("other IPv6", {"X-Real-IP": "2001:db9::5"})) for verb, target in (("GET", _HEALTH), ("GET", _SETTINGS), ("GET", _POSTS), ("POST", "/api/collections/_superusers/auth-refresh"), ("GET", "/api/nosuch")) for who in ("admin", "user")),
    *({"name": f"a superuser signs in from {name}", "POST": "/api/collections/_superusers/auth-with-password", "headers": headers, "json": {"identity": "admin@example.com", "password": "adminpass123"}} for name, headers in (("inside", _FROM), ("outside", _ELSEWHERE))), {"name": "a user signs in from outside", "POST": _LOGIN, "headers": _ELSEWHERE, "json": {"identity": "u@example.com", "password": "secret123"}},
    {"name": "superusers from everywhere", "PATCH": _SETTINGS, "as": "admin", "headers": _FROM, "json": {"superuserIPs": []}}, {"name": "again from outside", "GET": _SETTINGS, "as": "admin", "headers": _ELSEWHERE},
]  # fmt: skip

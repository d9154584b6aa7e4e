"""What a superuser runs the app with: settings, logs, crons, backups, SQL; and headers, methods and odd paths."""

from typing import Any

SETUP: list[dict[str, Any]] = [
    {"name": "a user", "POST": "/api/collections/users/records", "as": "admin", "json": {"email": "u@example.com", "password": "secret123", "passwordConfirm": "secret123"}},
    {"name": "he signs in", "POST": "/api/collections/users/auth-with-password", "json": {"identity": "u@example.com", "password": "secret123"}, "token": {"user": "token"}},
]  # fmt: skip
_GUARDED: list[tuple[str, str]] = [
    ("GET", "/api/settings"), ("PATCH", "/api/settings"), ("POST", "/api/settings/test/s3"), ("POST", "/api/settings/test/email"), ("POST", "/api/settings/apple/generate-client-secret"), ("GET", "/api/logs"), ("GET", "/api/logs/x"), ("GET", "/api/logs/stats"), ("DELETE", "/api/logs"),
    ("GET", "/api/backups"), ("POST", "/api/backups"), ("POST", "/api/backups/upload"), ("DELETE", "/api/backups/x"), ("POST", "/api/backups/x/restore"), ("GET", "/api/backups/x"), ("GET", "/api/crons"), ("POST", "/api/crons/x"), ("POST", "/api/sql"),
]  # fmt: skip
_SETTINGS: list[Any] = [
    {}, {"nosuch": 1}, {"meta": {"appName": ""}}, {"meta": {"appName": "New name", "appURL": "https://app.example.com", "senderName": "S", "senderAddress": "s@example.com"}}, {"meta": {"appURL": "nope"}}, {"meta": {"senderAddress": "nope"}}, {"meta": {"senderName": ""}}, {"meta": {"accentColor": "red"}}, {"meta": {"accentColor": "#ff0000"}}, {"meta": {"hideControls": True}}, {"meta": 5}, {"meta": {"appName": "x" * 256}},
    {"smtp": {"enabled": True}}, {"smtp": {"enabled": True, "host": "127.0.0.1", "port": 70000}}, {"smtp": {"enabled": True, "host": "a b", "port": 25}}, {"smtp": {"host": "127.0.0.1", "port": 25, "authMethod": "X"}}, {"smtp": {"localName": "a b"}}, {"smtp": {"password": "hidden", "username": "u"}},
    {"s3": {"enabled": True}}, {"s3": {"enabled": True, "bucket": "b", "region": "r", "endpoint": "nope", "accessKey": "a", "secret": "s"}}, {"s3": {"enabled": False, "secret": "s"}}, {"backups": {"cron": "x"}}, {"backups": {"cron": "0 0 * * *", "cronMaxKeep": 0}}, {"backups": {"cron": "0 0 * * *", "cronMaxKeep": 2}}, {"backups": {"s3": {"enabled": True}}},
    {"batch": {"enabled": True, "maxRequests": 0, "timeout": 0}}, {"batch": {"enabled": True, "maxRequests": 10, "timeout": 5, "maxBodySize": -1}}, {"batch": {"enabled": True, "maxRequests": 10, "timeout": 5}}, {"logs": {"maxDays": -1}}, {"logs": {"maxDays": 3, "minLevel": 99, "logIP": False, "logAuthId": True}}, {"logs": {"minLevel": "x"}},
    {"rateLimits": {"enabled": True, "rules": []}}, {"rateLimits": {"enabled": True, "rules": [{"label": "", "maxRequests": 0, "duration": 0}]}}, {"rateLimits": {"enabled": True, "rules": [{"label": "/api/", "maxRequests": 10, "duration": 10}, {"label": "/api/", "maxRequests": 10, "duration": 10}]}}, {"rateLimits": {"rules": [{"label": "a b", "maxRequests": 10, "duration": 10}]}},
    {"rateLimits": {"rules": [{"label": "users:auth", "maxRequests": 10, "duration": 10, "audience": "@guest"}, {"label": "users:auth", "maxRequests": 10, "duration": 10, "audience": "@auth"}]}}, {"rateLimits": {"rules": [{"label": "users:auth", "maxRequests": 10, "duration": 10, "audience": "x"}]}}, {"rateLimits": {"excludedIPs": ["x"]}}, {"rateLimits": {"excludedIPs": ["127.0.0.1", "10.0.0.0/8"]}},
    {"trustedProxy": {"headers": ["X-Real-IP"], "useLeftmostIP": True}}, {"trustedProxy": {"headers": []}}, {"trustedProxy": {"headers": "x"}}, {"superuserIPs": ["x"]}, {"superuserIPs": ["127.0.0.1"]}, {"superuserIPs": []}, {"trustedProxy": {"headers": ["a b"]}},
]  # fmt: skip
_SQL: list[Any] = [
    {}, {"query": ""}, {"query": " "}, {"query": "SELECT 1"}, {"query": "SELECT 1 AS a, 2.5 AS b, 'x' AS c, NULL AS d, x'0102' AS e"}, {"query": "SELECT 1; SELECT 2"}, {"query": "nonsense"}, {"query": "SELECT * FROM nosuch"}, {"query": "SELECT name FROM _collections ORDER BY name"}, {"query": "SELECT email FROM users"}, {"query": "UPDATE users SET name = 'x'"}, {"query": "SELECT name FROM users"},
    {"query": "CREATE TABLE t (a)"}, {"query": "INSERT INTO t VALUES (1), (2)"}, {"query": "SELECT * FROM t"}, {"query": "DELETE FROM t WHERE a = 1"}, {"query": "DROP TABLE t"}, {"query": "SELECT 1 AS a, 2 AS a"}, {"query": "x" * 5001}, {"query": 5}, {"query": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 1500) SELECT n FROM c"}, {"query": "SELECT 1 -- comment"}, {"query": "-- only"}, {"query": "PRAGMA journal_mode"}, {"query": "SELECT count(*) AS n FROM users WHERE 0"}, {"query": "BEGIN; SELECT 1; COMMIT"}, {"query": "EXPLAIN SELECT 1"},
]  # fmt: skip
_COUNTED = {"rateLimits": {"enabled": True, "rules": [{"label": "/api/health", "maxRequests": 1000, "duration": 600}]}}
_LIMITS: list[dict[str, Any]] = [
    step
    for title, *before in (
        ("rules alone", {"PATCH": "/api/settings", "as": "admin", "json": _COUNTED}),
        ("a request without a rule", {"GET": "/api/nowhere"}),
        ("a superuser", {"GET": "/api/health", "as": "admin", "ignore": ["data.realIP"], "why": "addresses"}),
        ("a guest", {"GET": "/api/health"}),
        ("other settings", {"PATCH": "/api/settings", "as": "admin", "json": {"backups": {"cron": "0 0 1 1 *"}}}),
        ("a guest after other settings", {"GET": "/api/health"}),
        ("no limits", {"PATCH": "/api/settings", "as": "admin", "json": {"rateLimits": {"enabled": False, "rules": []}, "backups": {"cron": ""}}}),
        ("a guest without limits", {"GET": "/api/health"}),
    )
    for step in (
        *({"name": f"crons and limits: {title}", **one} for one in before),
        {"name": f"crons after {title}", "GET": "/api/crons", "as": "admin"},
    )
]  # fmt: skip
SCENARIOS: list[dict[str, Any]] = [
    *({"name": f"{verb} {target} as {who}", verb: target, "as": who, **({} if verb == "GET" else {"json": {}})} for verb, target in _GUARDED for who in ("guest", "user")),
    {"name": "settings", "GET": "/api/settings", "as": "admin"}, {"name": "some settings", "GET": "/api/settings?fields=meta.appName,batch", "as": "admin"},
    *({"name": f"settings {index}: {body!r:.80}", "PATCH": "/api/settings", "as": "admin", "json": body} for index, body in enumerate(_SETTINGS)),
    {"name": "settings with a broken body", "PATCH": "/api/settings", "as": "admin", "raw": "{bad"}, {"name": "settings after all that", "GET": "/api/settings", "as": "admin"},
    {"name": "calm again", "PATCH": "/api/settings", "as": "admin", "json": {"rateLimits": {"enabled": False, "rules": []}, "trustedProxy": {"headers": []}, "smtp": {"enabled": False}, "s3": {"enabled": False}, "batch": {"enabled": False}}},
    *({"name": f"test email {body!r}", "POST": "/api/settings/test/email", "as": "admin", "json": body} for body in ({}, {"email": "x", "template": "verification"}, {"email": "a@b.co", "template": "nosuch"}, {"email": "a@b.co", "template": "verification", "collection": "nosuch"}, {"template": "verification"})),
    *({"name": f"test s3 {body!r}", "POST": "/api/settings/test/s3", "as": "admin", "json": body} for body in ({}, {"filesystem": "nosuch"}, {"filesystem": "storage"}, {"filesystem": "backups"})),
    *({"name": f"apple {index}", "POST": "/api/settings/apple/generate-client-secret", "as": "admin", "json": body} for index, body in enumerate(({}, {"clientId": "a", "teamId": "b", "keyId": "c", "privateKey": "x", "duration": 1}, {"clientId": "a", "teamId": "b" * 10, "keyId": "c" * 10, "privateKey": "x", "duration": 100}))),
    {"name": "crons", "GET": "/api/crons", "as": "admin"}, {"name": "an unknown cron", "POST": "/api/crons/nosuch", "as": "admin"}, {"name": "run a cron", "POST": "/api/crons/__pbDBOptimize__", "as": "admin"}, {"name": "crons, some fields", "GET": "/api/crons?fields=id", "as": "admin"},
    *_LIMITS,
    {"name": "no backups", "GET": "/api/backups", "as": "admin"}, {"name": "a backup", "POST": "/api/backups", "as": "admin", "json": {"name": "one.zip"}}, {"name": "its name again", "POST": "/api/backups", "as": "admin", "json": {"name": "one.zip"}},
    *({"name": f"a backup named {name!r}", "POST": "/api/backups", "as": "admin", "json": {"name": name}} for name in ("x", "a b.zip", "../x.zip", "A.zip", ".zip", "x" * 147 + ".zip", 5)),
    {"name": "backups' keys", "GET": "/api/backups?fields=key", "as": "admin"}, {"name": "a backup without a token", "GET": "/api/backups/one.zip"}, {"name": "a backup with a wrong token", "GET": "/api/backups/one.zip?token=x"}, {"name": "an unknown backup", "DELETE": "/api/backups/nosuch.zip", "as": "admin", "ignore": ["message"], "why": "local-paths"}, {"name": "restore an unknown backup", "POST": "/api/backups/nosuch.zip/restore", "as": "admin"},
    {"name": "upload no backup", "POST": "/api/backups/upload", "as": "admin", "json": {}}, {"name": "upload a text as a backup", "POST": "/api/backups/upload", "as": "admin", "form": [{"name": "file", "filename": "up.zip", "content": "no zip"}], "ignore": ["data.file.message"], "why": "random-examples"}, {"name": "delete the backup", "DELETE": "/api/backups/one.zip", "as": "admin"}, {"name": "no backups again", "GET": "/api/backups", "as": "admin"},
    *({"name": f"sql {index}: {body!r:.70}", "POST": "/api/sql", "as": "admin", "json": body, "ignore": ["execTime"], "why": "durations"} for index, body in enumerate(_SQL)),
    *({"name": f"logs by {query}", "GET": f"/api/logs?{query}", "as": "admin"} for query in ("filter=nosuch%3D1", "sort=nosuch", "perPage=x", "filter=level%3D99", "page=2&perPage=1&filter=message%3D'nosuch'", "filter=data.nosuch%3D1", "skipTotal=1&filter=level%3D99")),
    {"name": "an unknown log", "GET": "/api/logs/nosuch", "as": "admin"}, {"name": "stats with a bad filter", "GET": "/api/logs/stats?filter=nosuch%3D1", "as": "admin"}, {"name": "stats of nothing", "GET": "/api/logs/stats?filter=level%3D99", "as": "admin"}, {"name": "delete the logs", "DELETE": "/api/logs", "as": "admin"},
    {"name": "health as a superuser", "GET": "/api/health", "as": "admin", "ignore": ["data.realIP"], "why": "addresses"}, {"name": "health, some fields", "GET": "/api/health?fields=code"},
    *({"name": f"{verb} {target}", verb: target, **({} if verb in ("GET", "HEAD", "OPTIONS", "DELETE") else {"json": {}})} for verb, target in (
        ("GET", "/api"), ("GET", "/api/"), ("GET", "/api/health/"), ("GET", "/api/health/x"), ("GET", "/API/health"), ("GET", "/api/./health"), ("GET", "/api/../api/health"), ("GET", "/api/%68ealth"), ("GET", "/api/health?"), ("GET", "/api/health%00"), ("GET", "/api/health%2F"), ("DELETE", "/api/health"), ("PUT", "/api/health"), ("PATCH", "/api/health"), ("OPTIONS", "/api/health"), ("HEAD", "/api/nowhere"), ("OPTIONS", "/api/nowhere"), ("POST", "/api"), ("POST", "/nowhere"),
        ("GET", "/api/collections/users/records/x/y"), ("GET", "/api/files"), ("GET", "/api/files/x"), ("GET", "/api/files/x/y"), ("GET", "/api/files/x/y/z"), ("GET", "/api/files/users/nosuch/x.png"), ("POST", "/api/batch"), ("GET", "/api/batch"), ("GET", "/api/oauth2-redirect"), ("POST", "/api/realtime"), ("PUT", "/api/realtime"), ("GET", "/api/sql"))),
    *({"name": f"CORS {name}", verb: "/api/health", "headers": headers} for name, verb, headers in (
        ("simple", "GET", {"Origin": "https://a.example"}), ("null origin", "GET", {"Origin": "null"}), ("preflight GET", "OPTIONS", {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}), ("preflight with headers", "OPTIONS", {"Origin": "https://a.example", "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,x-y"}), ("preflight without origin", "OPTIONS", {"Access-Control-Request-Method": "GET"}), ("private network", "OPTIONS", {"Origin": "https://a.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Private-Network": "true"}))),
    *({"name": f"gzip of {target} by {value}", "GET": target, "as": "admin", "headers": {"Accept-Encoding": value}} for value in ("gzip", "deflate", "gzip;q=0", "*", "br, gzip") for target in ("/api/collections/users", "/api/health?fields=code")),
]  # fmt: skip

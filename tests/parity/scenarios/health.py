"""Health, unknown paths and wrong methods."""

from typing import Any

SETUP: list[dict[str, Any]] = []

SCENARIOS: list[dict[str, Any]] = [
    {"name": "a guest asks for health", "GET": "/api/health"},
    {"name": "health by HEAD", "HEAD": "/api/health"},
    {"name": "an unknown path by GET", "GET": "/api/nowhere"},
    {"name": "an unknown path by POST", "POST": "/api/nowhere", "json": {}},
    {"name": "a wrong method on a known path", "POST": "/api/health", "json": {}},
    {"name": "an unknown collection", "GET": "/api/collections/nowhere/records"},
    {"name": "users as a guest sees their schema", "GET": "/api/collections/users"},
    {"name": "users' records as a guest", "GET": "/api/collections/users/records"},
    {"name": "a bad Authorization is a guest", "GET": "/api/health", "headers": {"Authorization": "x"}},
    {"name": "a doubled slash", "GET": "/api//health"},
    {"name": "a preflight", "OPTIONS": "/api/collections/users/records",
     "headers": {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}},
    {"name": "a cross-origin read", "GET": "/api/health", "headers": {"Origin": "https://example.org"}},
]  # fmt: skip

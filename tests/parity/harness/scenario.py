"""The form of a scenario, and the request it makes.

A scenario module holds `SETUP` and `SCENARIOS`, lists of steps. A step is a dict:

    {"name": "one sentence", "POST": "/api/collections/posts/records", "as": "admin", "json": {"title": "x"},
     "save": {"post": "id"}}

* exactly one of GET, POST, PATCH, PUT, DELETE, HEAD, OPTIONS: the request target, sent as it stands after `{names}`
  of saved values are put in (write `{{` for a brace);
* "as": "guest" (default), "admin" (the superuser), or a name saved by "token";
* "json": any value · "raw": text or bytes with "type" · "form": parts of `exchange.multipart`; saved `{names}` are put
  into strings written as "$name" (a whole string) or inside targets and headers as `{name}`;
* "headers": more headers;
* "save": {name: dotted path in the answer}; "token": {name: dotted path} keeps a token for "as";
* "status": what both servers must answer (setup steps must be below 400 unless they say so);
* "ignore": dotted paths (`*` = every key or item) that are not compared, with "why": the label in
  docs/compatibility.rst that gives the reason; "unordered": dotted paths of lists compared as sets;
* "headers_ignore": header names not compared, also with "why".
"""

import json
import re
from typing import Any

from tests.parity.harness.exchange import Answer, Call, Peer, multipart

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS")
KNOWN_KEYS = {
    *METHODS, "name", "as", "json", "raw", "type", "form", "headers", "save", "token", "status", "ignore", "why",
    "unordered", "headers_ignore",
}  # fmt: skip
Step = dict[str, Any]
_NAME = re.compile(r"(?<!\{)\{([a-z_][a-z0-9_]*)\}(?!\})")


def check(step: Step) -> None:
    """Refuses a step that says something this harness would silently pass over."""
    unknown = set(step) - KNOWN_KEYS
    if unknown or sum(method in step for method in METHODS) != 1 or not step.get("name"):
        raise ValueError(f"not a scenario step ({unknown or 'one name and one method are needed'}): {step}")
    if ("ignore" in step or "headers_ignore" in step) and not step.get("why"):
        raise ValueError(f"what is not compared needs a reason: {step['name']}")


def put_in(text: str, saved: dict[str, str]) -> str:
    """`text` with {name} replaced by saved values and doubled braces made single."""
    filled = _NAME.sub(lambda match: saved[match.group(1)], text)
    return filled.replace("{{", "{").replace("}}", "}")


def _deep(value: Any, saved: dict[str, str]) -> Any:
    if isinstance(value, str):
        return saved[value[1:]] if value.startswith("$") and value[1:] in saved else value
    if isinstance(value, list):
        return [_deep(item, saved) for item in value]
    if isinstance(value, dict):
        return {key: _deep(item, saved) for key, item in value.items()}
    return value


def request(step: Step, peer: Peer) -> Call:
    """The call that `step` makes of `peer`, with that peer's saved values and tokens."""
    method = next(name for name in METHODS if name in step)
    headers = {name: put_in(value, peer.saved) for name, value in step.get("headers", {}).items()}
    who = step.get("as", "guest")
    if who != "guest":
        headers.setdefault("Authorization", peer.tokens[who])
    body: bytes | None = None
    if "json" in step:
        body = json.dumps(_deep(step["json"], peer.saved)).encode()
        headers.setdefault("Content-Type", "application/json")
    elif "raw" in step:
        body = step["raw"] if isinstance(step["raw"], bytes) else put_in(step["raw"], peer.saved).encode()
        if step.get("type", "application/json"):
            headers.setdefault("Content-Type", step.get("type", "application/json"))
    elif "form" in step:
        parts = [{key: _deep(text, peer.saved) for key, text in part.items()} for part in step["form"]]
        headers["Content-Type"], body = multipart(parts)
    elif method in ("POST", "PATCH", "PUT"):
        body = b""
    return Call(method, put_in(step[method], peer.saved), headers, body)


def dig(value: Any, path: str) -> Any:
    """What stands at a dotted path."""
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def keep(step: Step, peer: Peer, answer: Answer) -> None:
    """Saves what the step asks to save of `answer`."""
    for name, path in step.get("save", {}).items():
        peer.saved[name] = str(dig(answer.json(), path))
    for name, path in step.get("token", {}).items():
        peer.tokens[name] = str(dig(answer.json(), path))

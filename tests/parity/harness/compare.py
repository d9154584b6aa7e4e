"""What must be equal in two answers, after what cannot be (ids, times, tokens, random names) is given one name."""

import json
import re
from typing import Any

from tests.parity.harness.exchange import Answer
from tests.parity.harness.scenario import Step

#: The headers that clients read.
COMPARED_HEADERS = (
    "content-type", "location", "content-disposition", "content-range", "accept-ranges", "cache-control", "vary",
    "content-security-policy", "x-content-type-options", "x-frame-options", "x-xss-protection", "retry-after",
    "access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
    "access-control-max-age", "access-control-expose-headers", "access-control-allow-credentials", "set-cookie",
    "content-encoding", "allow", "www-authenticate",
)  # fmt: skip
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z")
_RANDOM_NAME = re.compile(r"_[a-z0-9A-Z]{10}(?=[._])")
_PADDED_NAME = re.compile(r"\b([a-z0-9_]{0,2})[a-z0-9]{10}(?=_<random>)")
_RANDOM_INDEX = re.compile(r"(?<=idx_tokenKey_)[a-z0-9]{10}\b|(?<=idx_email_)[a-z0-9]{10}\b")
_TEMPORARY_VIEW = re.compile(r"temp_view_\w{5}")
_ID = re.compile(r"(?<![a-z0-9])[a-z0-9]{15}(?![a-z0-9])")
_CLONE = re.compile(r"_clone_\w{4}")


def normal_text(text: str, saved: dict[str, str]) -> str:
    """`text` with this server's own ids, times and tokens named alike on both servers."""
    for name, value in saved.items():
        if len(value) >= 8:
            text = text.replace(value, f"<{name}>")
    text = _TOKEN.sub("<token>", text)
    text = _TIME.sub("<time>", text)
    text = _CLONE.sub("_clone_<random>", text)
    text = text.replace("json: unable to unmarshal", "json: cannot unmarshal")  # either word, chosen at each start
    text = _RANDOM_NAME.sub("_<random>", text)
    text = _PADDED_NAME.sub(r"\1<random>", text)
    text = _RANDOM_INDEX.sub("<random>", text)
    text = _TEMPORARY_VIEW.sub("temp_view_<random>", text)
    return _ID.sub("<id>", text)


def normal(value: Any, saved: dict[str, str]) -> Any:
    """`normal_text` for every string inside `value`, keys too."""
    if isinstance(value, str):
        return normal_text(value, saved)
    if isinstance(value, list):
        return [normal(item, saved) for item in value]
    if isinstance(value, dict):
        return {normal_text(key, saved): normal(item, saved) for key, item in value.items()}
    return value


def _drop(value: Any, path: list[str]) -> None:
    head, rest = path[0], path[1:]
    keys: list[Any]
    if isinstance(value, list):
        keys = list(range(len(value))) if head == "*" else [int(head)] if head.isdigit() else []
    elif isinstance(value, dict):
        keys = list(value) if head == "*" else [head]
    else:
        return
    for key in keys:
        if (isinstance(value, dict) and key not in value) or (isinstance(value, list) and key >= len(value)):
            continue
        if rest:
            _drop(value[key], rest)
        else:
            value[key] = "<not compared>"


def _sort(value: Any, path: list[str]) -> None:
    for key in path[:-1]:
        value = value[int(key)] if isinstance(value, list) else value.get(key, {})
    last = path[-1]
    if isinstance(value, dict) and isinstance(value.get(last), list):
        value[last] = sorted(value[last], key=lambda item: json.dumps(item, sort_keys=True))


def body_of(answer: Answer, step: Step, saved: dict[str, str]) -> Any:
    """The comparable form of a body: JSON where it is JSON, else text, else its length and bytes."""
    try:
        value = answer.json()
    except ValueError:
        try:
            return normal_text(answer.body.decode(), saved)
        except UnicodeDecodeError:
            return answer.body
    for path in step.get("unordered", []):
        _sort(value, path.split("."))
    for path in step.get("ignore", []):
        _drop(value, path.split("."))
    return normal(value, saved)


def differences(step: Step, real: tuple[Answer, dict[str, str]], ours: tuple[Answer, dict[str, str]]) -> list[str]:
    """What a client would notice, one line each; empty where the two answers are the same."""
    (theirs, their_saved), (mine, my_saved) = real, ours
    found: list[str] = []
    if theirs.status != mine.status:
        found.append(f"status: real {theirs.status}, pbe {mine.status}")
    if "status" in step and theirs.status != step["status"]:
        found.append(f"status: the scenario says {step['status']}, real {theirs.status}")
    ignored = {name.lower() for name in step.get("headers_ignore", [])}
    for name in COMPARED_HEADERS:
        left = normal_text(theirs.headers.get(name, ""), their_saved)
        right = normal_text(mine.headers.get(name, ""), my_saved)
        if left != right and name not in ignored:
            found.append(f"header {name}: real {left!r}, pbe {right!r}")
    left_body, right_body = body_of(theirs, step, their_saved), body_of(mine, step, my_saved)
    if left_body != right_body:
        found.extend(_body_lines(left_body, right_body))
    return found


def _body_lines(left: Any, right: Any, path: str = "") -> list[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        lines: list[str] = []
        for key in [*left, *(key for key in right if key not in left)]:
            lines += _body_lines(left.get(key, "<absent>"), right.get(key, "<absent>"), f"{path}.{key}")
        return lines
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        lines = []
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            lines += _body_lines(one, other, f"{path}.{index}")
        return lines
    if type(left) is type(right) and left == right:
        return []
    return [f"body{path}: real {_short(left)}, pbe {_short(right)}"]


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else text[:400] + "…"

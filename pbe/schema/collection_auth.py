"""The options that auth collections have beyond the others: their shape, defaults, secrets, and loading from JSON.

Options are plain JSON objects with all keys present, in PocketBase's order; whoever reads them may rely on that.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any

from pbe.schema import bind
from pbe.schema import collection_templates as templates

SECRET_CHARS = 50
PROVIDERS = frozenset(
    {
        "apple", "bitbucket", "box", "discord", "facebook", "gitea", "gitee", "github", "gitlab", "google",
        "instagram2", "kakao", "lark", "linear", "livechat", "mailcow", "microsoft", "monday", "notion", "oidc",
        "oidc2", "oidc3", "patreon", "planningcenter", "spotify", "strava", "trakt", "twitch", "twitter", "vk",
        "wakatime", "yandex",
    }
)  # fmt: skip
"""The names of the OAuth2 providers that a collection may configure."""
TOKENS = ("authToken", "passwordResetToken", "emailChangeToken", "verificationToken", "fileToken")
_DURATIONS_S = (432000, 1800, 1800, 86400, 180)
_TEMPLATE: dict[str, Any] = {"subject": "str", "body": "str"}
_TOKEN: dict[str, Any] = {"secret": "str", "duration": "long"}
PROVIDER: dict[str, Any] = {
    "pkce": "flag",
    "name": "str",
    "clientId": "str",
    "clientSecret": "str",
    "authURL": "str",
    "tokenURL": "str",
    "userInfoURL": "str",
    "displayName": "str",
    "extra": "map",
}
SHAPE: dict[str, Any] = {
    "authRule": "text",
    "manageRule": "text",
    "authAlert": {"enabled": "bool", "emailTemplate": _TEMPLATE},
    "oauth2": {
        "providers": [PROVIDER],
        "mappedFields": {"id": "str", "name": "str", "username": "str", "avatarURL": "str"},
        "enabled": "bool",
    },
    "passwordAuth": {"enabled": "bool", "identityFields": "strings"},
    "mfa": {"enabled": "bool", "duration": "long", "rule": "str"},
    "otp": {"enabled": "bool", "duration": "long", "length": "int", "emailTemplate": _TEMPLATE},
    **dict.fromkeys(TOKENS, _TOKEN),
    "verificationTemplate": _TEMPLATE,
    "resetPasswordTemplate": _TEMPLATE,
    "confirmEmailChangeTemplate": _TEMPLATE,
}


_GO_TYPES = {
    "authAlert": "core.AuthAlertConfig",
    "oauth2": "core.OAuth2Config",
    "mappedFields": "core.OAuth2KnownFields",
    "passwordAuth": "core.PasswordAuthConfig",
    "mfa": "core.MFAConfig",
    "otp": "core.OTPConfig",
    **dict.fromkeys(TOKENS, "core.TokenConfig"),
}


def blank(shape: Mapping[str, Any] = SHAPE) -> dict[str, Any]:
    """Options as a collection has them that never was told any."""
    return {name: _blank_value(kind) for name, kind in shape.items()}


def _blank_value(kind: Any) -> Any:
    if isinstance(kind, dict):
        return blank(kind)
    if isinstance(kind, list) or kind == "strings":
        return []
    return {} if kind == "map" else bind.ZEROS[kind]


def defaults(secret: Callable[[], str]) -> dict[str, Any]:
    """The options of a new auth collection; `secret()` gives a fresh random secret of `SECRET_CHARS` characters."""
    options = blank()
    options["authRule"] = ""
    options["authAlert"] = {"enabled": True, "emailTemplate": templates.auth_alert()}
    options["passwordAuth"] = {"enabled": True, "identityFields": ["email"]}
    options["mfa"] = {"enabled": False, "duration": 600, "rule": ""}
    options["otp"] = {"enabled": False, "duration": 180, "length": 8, "emailTemplate": templates.one_time_password()}
    for name, duration in zip(TOKENS, _DURATIONS_S, strict=True):
        options[name] = {"secret": secret(), "duration": duration}
    options["verificationTemplate"] = templates.verification()
    options["resetPasswordTemplate"] = templates.password_reset()
    options["confirmEmailChangeTemplate"] = templates.email_change()
    return options


def load(current: Mapping[str, Any], data: Mapping[str, Any], names: Iterable[str] = ()) -> dict[str, Any]:
    """`current` with what `data` says laid over it, member by member; neither is changed. Raises `bind.BindError`.

    names: the only members to look at, where there are any.
    """
    out = deepcopy(dict(current))
    chosen = {name: SHAPE[name] for name in names} if names else SHAPE
    _overlay(out, data, chosen, "")
    return out


def _overlay(target: dict[str, Any], data: Mapping[str, Any], shape: Mapping[str, Any], path: str) -> None:
    for name in sorted(data):
        if name in shape:
            target[name] = _laid_over(target[name], data[name], shape[name], f"{path}/{name}")


def _laid_over(current: Any, value: Any, kind: Any, path: str) -> Any:
    if isinstance(kind, list):
        return _overlay_list(current, value, kind[0], path)
    if kind == "map":
        return _overlay_map(current, value, path)
    if not isinstance(kind, dict):
        loaded = bind.convert(kind, value, path)
        return list(loaded) if kind == "strings" else loaded
    if value is None:
        return blank(kind)
    if not isinstance(value, Mapping):
        raise bind.mismatch(value, _GO_TYPES.get(path.rpartition("/")[2], "core.EmailTemplate"), path)
    _overlay(current, value, kind, path)
    return current


def _overlay_list(current: list[Any], value: Any, shape: Mapping[str, Any], path: str) -> list[Any]:
    """Entries are laid over those of the same name: a provider whose secret is left out keeps the one it had."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise bind.mismatch(value, "[]core.OAuth2ProviderConfig", path)
    before = {entry["name"]: entry for entry in current}
    out = []
    for place, item in enumerate(value):
        name = item.get("name") if isinstance(item, Mapping) else None
        entry = deepcopy(before[name]) if isinstance(name, str) and name in before else blank(shape)
        if isinstance(item, Mapping):
            _overlay(entry, item, shape, f"{path}/{place}")
        elif item is not None:
            raise bind.mismatch(item, "core.OAuth2ProviderConfig", f"{path}/{place}")
        out.append(entry)
    return out


def _overlay_map(current: dict[str, Any], value: Any, path: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise bind.mismatch(value, "map[string]interface {}", path)
    return {**current, **value}


def public(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as a client sees them: no secrets of tokens and providers."""
    out = deepcopy(dict(options))
    for name in TOKENS:
        out[name].pop("secret", None)
    for provider in out["oauth2"]["providers"]:
        provider.pop("clientSecret", None)
    return out


def stored(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the database keeps them: secrets that are empty are left out."""
    out = deepcopy(dict(options))
    for name in TOKENS:
        if not out[name]["secret"]:
            del out[name]["secret"]
    for provider in out["oauth2"]["providers"]:
        if not provider["clientSecret"]:
            del provider["clientSecret"]
    return out


def without_lost_fields(options: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The options with the OAuth2 mappings of fields that are gone emptied."""
    out = deepcopy(dict(options))
    mapped = out["oauth2"]["mappedFields"]
    for key, name in mapped.items():
        if name and name not in names:
            mapped[key] = ""
    return out

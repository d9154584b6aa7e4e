"""The user that a provider's profile describes: the catalogue's paths into it, and each provider's own ways.

`e-mail` is set only where the provider vouches for it, since it links accounts.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pbe.errors import PbeError
from pbe.schema import go_cast
from pbe.tenant.auth_provider import Provider

FetchJson = Callable[[str], Awaitable[tuple[int, Any]]]
"""GETs a URL as the user: the status and the JSON, None where it is none."""


class ProfileRefused(PbeError):
    """The provider's answer does not describe a user that may log in."""

    def __init__(self, reason: str) -> None:
        super().__init__("read profile", hint=reason)


@dataclass(frozen=True, slots=True)
class OAuthUser:
    """A provider's user. expiry: a canonical date, "" where the token never expires."""

    id: str
    name: str = ""
    username: str = ""
    email: str = ""
    avatar_url: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)
    access_token: str = ""
    refresh_token: str = ""
    expiry: str = ""

    def meta(self) -> dict[str, Any]:
        """What the client is told of it."""
        return {
            "expiry": self.expiry,
            "rawUser": self.raw,
            "id": self.id,
            "name": self.name,
            "username": self.username,
            "email": self.email,
            "avatarURL": self.avatar_url,
            "avatarUrl": self.avatar_url,
            "accessToken": self.access_token,
            "refreshToken": self.refresh_token,
        }


async def read_profile(
    provider: Provider, raw: Mapping[str, Any], token: Mapping[str, Any], claims: Mapping[str, Any], fetch: FetchJson
) -> OAuthUser:
    """The user of a profile `raw`. token: the token endpoint's answer; claims: its id_token's, not verified here."""
    paths = provider.user
    for path, wanted in paths.get("active", {}).items():
        if look_up(raw, path) != wanted or isinstance(look_up(raw, path), bool) is not isinstance(wanted, bool):
            raise ProfileRefused(f"the {provider.display_name} user is not active")
    vouched = all(go_cast.to_bool(look_up(raw, path)) for path in paths.get("emailVerified", ()))
    user = OAuthUser(
        id=_text(raw, paths, "id"),
        name=_text(raw, paths, "name"),
        username=_text(raw, paths, "username"),
        email=_text(raw, paths, "email") if vouched else "",
        avatar_url=_text(raw, paths, "avatarURL"),
        raw=raw,
    )
    quirk = _QUIRKS.get(provider.name)
    return user if quirk is None else await quirk(user, _Context(provider, raw, token, claims, fetch))


def look_up(data: Any, path: str) -> Any:
    """The value at a dotted path of names and list positions; None where there is none."""
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def _text(raw: Mapping[str, Any], paths: Mapping[str, Any], name: str) -> str:
    value = look_up(raw, paths[name]) if name in paths else None
    if value is None or isinstance(value, Mapping | list | bool):
        return ""
    return go_cast.to_string(value)


@dataclass(frozen=True, slots=True)
class _Context:
    provider: Provider
    raw: Mapping[str, Any]
    token: Mapping[str, Any]
    claims: Mapping[str, Any]
    fetch: FetchJson

    def text(self, path: str) -> str:
        value = look_up(self.raw, path)
        return value if isinstance(value, str) else ""


async def _discord(user: OAuthUser, context: _Context) -> OAuthUser:
    avatar, discriminator = context.text("avatar"), context.text("discriminator")
    legacy = f"#{discriminator}" if discriminator not in ("", "0") else ""
    return replace(
        user,
        name=user.name or user.username + legacy,
        avatar_url=f"https://cdn.discordapp.com/avatars/{user.id}/{avatar}.png" if avatar else "",
    )


async def _emails(user: OAuthUser, context: _Context) -> OAuthUser:
    """GitHub and Gitea: the primary, verified address of a list of its own; none where the scope does not reach."""
    status, listed = await context.fetch(context.provider.user_info_url + "/emails")
    if status in (401, 403, 404):
        return user
    for entry in _entries(listed):
        if entry.get("verified") is True and entry.get("primary") is True:
            return replace(user, email=str(entry.get("email") or ""))
    return user


async def _bitbucket(user: OAuthUser, context: _Context) -> OAuthUser:
    status, listed = await context.fetch(context.provider.user_info_url + "/emails")
    for entry in _entries(look_up(listed, "values")) if status < 400 else ():
        if entry.get("is_primary") is True and entry.get("is_confirmed") is True:
            return replace(user, email=str(entry.get("email") or ""))
    return user


async def _gitee(user: OAuthUser, context: _Context) -> OAuthUser:
    if "@" in user.email:
        return user
    status, listed = await context.fetch("https://gitee.com/api/v5/emails")
    for entry in _entries(listed) if status not in (401, 403, 404) else ():
        if entry.get("state") == "confirmed" and "primary" in (entry.get("scope") or ()):
            return replace(user, email=str(entry.get("email") or ""))
    return replace(user, email="")


async def _gitlab(user: OAuthUser, context: _Context) -> OAuthUser:
    """The address counts once it was confirmed."""
    try:
        datetime.fromisoformat(context.text("confirmed_at"))
    except ValueError:
        return replace(user, email="")
    return user


async def _instagram(user: OAuthUser, context: _Context) -> OAuthUser:
    permissions = context.token.get("permissions")
    if permissions is None or "permissions" in context.raw:
        return user
    return replace(user, raw={**context.raw, "permissions": permissions})


async def _mailcow(user: OAuthUser, context: _Context) -> OAuthUser:
    """User names are addresses there."""
    return replace(user, username=user.username.partition("@")[0])


async def _microsoft(user: OAuthUser, context: _Context) -> OAuthUser:
    """Which address to trust is the administrator's choice."""
    trusted, claims = context.provider.extra.get("idTokenEmailClaim"), context.claims
    primary = str(claims.get("verified_primary_email") or "") if claims else ""
    email = str(claims.get("email") or "") if claims else ""
    owned = email if go_cast.to_bool(claims.get("xms_edov")) else ""
    choices = {
        "any_verified": primary or owned,
        "verified_primary_email": primary,
        "email_and_xms_edov": owned,
        "email": email,
    }
    return replace(user, email=choices.get(str(trusted), user.email))


async def _strava(user: OAuthUser, context: _Context) -> OAuthUser:
    name = f"{context.text('firstname')} {context.text('lastname')}"
    return replace(user, name=name, id="" if user.id == "0" else user.id)


async def _twitch(user: OAuthUser, context: _Context) -> OAuthUser:
    if not look_up(context.raw, "data.0"):
        raise ProfileRefused("no user in the answer")
    return user


async def _vk(user: OAuthUser, context: _Context) -> OAuthUser:
    """The address comes with the token."""
    if not look_up(context.raw, "response.0"):
        raise ProfileRefused("no user in the answer")
    name = f"{context.text('response.0.first_name')} {context.text('response.0.last_name')}".strip()
    email = context.token.get("email")
    return replace(user, name=name, email="" if email is None else str(email))


async def _wakatime(user: OAuthUser, context: _Context) -> OAuthUser:
    return user if look_up(context.raw, "data.photo_public") is True else replace(user, avatar_url="")


async def _yandex(user: OAuthUser, context: _Context) -> OAuthUser:
    if context.raw.get("is_avatar_empty") is True:
        return user
    avatar = context.text("default_avatar_id")
    return replace(user, avatar_url=f"https://avatars.yandex.net/get-yapic/{avatar}/islands-200")


def _entries(listed: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []


_QUIRKS: dict[str, Callable[[OAuthUser, _Context], Awaitable[OAuthUser]]] = {
    "bitbucket": _bitbucket,
    "discord": _discord,
    "gitea": _emails,
    "gitee": _gitee,
    "github": _emails,
    "gitlab": _gitlab,
    "instagram2": _instagram,
    "mailcow": _mailcow,
    "microsoft": _microsoft,
    "strava": _strava,
    "twitch": _twitch,
    "vk": _vk,
    "wakatime": _wakatime,
    "yandex": _yandex,
}

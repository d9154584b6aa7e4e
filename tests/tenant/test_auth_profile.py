"""Each provider's profile becomes the user that the stock server makes of it."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant.auth_profile import OAuthUser, ProfileRefused, look_up, read_profile
from pbe.tenant.auth_provider import Provider, catalogue, challenge_of, listing

_CONFIG = {
    "clientId": "id", "clientSecret": "s", "authURL": "", "tokenURL": "", "userInfoURL": "", "displayName": "",
    "pkce": None, "extra": {},
}  # fmt: skip


def _provider(name: str, **config: Any) -> Provider:
    made = Provider.configured({**_CONFIG, "name": name, **config})
    assert made is not None
    return made


def _user(
    name: str,
    raw: Mapping[str, Any],
    token: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
    pages: Mapping[str, tuple[int, Any]] | None = None,
    **config: Any,
) -> OAuthUser:
    async def fetch(url: str) -> tuple[int, Any]:
        return (pages or {}).get(url, (404, None))

    reading = read_profile(_provider(name, **config), raw, token or {}, claims or {}, fetch)
    with pytest.raises(StopIteration) as caught:
        reading.send(None)
    found: OAuthUser = caught.value.value
    return found


CASES: list[tuple[str, dict[str, Any], tuple[str, str, str, str, str]]] = [
    ("apple", {"sub": "1", "email": "a@b.co", "email_verified": "true"}, ("1", "", "", "a@b.co", "")),
    ("apple", {"sub": "1", "email": "a@b.co", "email_verified": "false"}, ("1", "", "", "", "")),
    (
        "google",
        {"sub": "1", "name": "N", "picture": "p", "email": "e", "email_verified": True},
        ("1", "N", "", "e", "p"),
    ),
    ("google", {"sub": "1", "email": "e", "email_verified": False}, ("1", "", "", "", "")),
    ("microsoft", {"id": "1", "displayName": "N", "mail": "e"}, ("1", "N", "", "e", "")),
    (
        "yandex",
        {"id": "1", "real_name": "N", "login": "u", "default_email": "e", "is_avatar_empty": True},
        ("1", "N", "u", "e", ""),
    ),
    (
        "yandex",
        {"id": "1", "default_avatar_id": "9"},
        ("1", "", "", "", "https://avatars.yandex.net/get-yapic/9/islands-200"),
    ),
    ("facebook", {"id": "1", "name": "N", "email": "e", "picture": {"data": {"url": "p"}}}, ("1", "N", "", "e", "p")),
    (
        "instagram2",
        {"user_id": "1", "name": "N", "username": "u", "profile_picture_url": "p"},
        ("1", "N", "u", "", "p"),
    ),
    (
        "github",
        {"id": 12345678901, "name": "N", "login": "u", "avatar_url": "p", "email": "x"},
        ("12345678901", "N", "u", "", "p"),
    ),
    (
        "gitlab",
        {
            "id": 1,
            "name": "N",
            "username": "u",
            "avatar_url": "p",
            "email": "e",
            "confirmed_at": "2020-01-01T00:00:00Z",
        },
        ("1", "N", "u", "e", "p"),
    ),
    ("gitlab", {"id": 1, "email": "e", "confirmed_at": None}, ("1", "", "", "", "")),
    (
        "bitbucket",
        {
            "uuid": "1",
            "display_name": "N",
            "username": "u",
            "account_status": "active",
            "links": {"avatar": {"href": "p"}},
        },
        ("1", "N", "u", "", "p"),
    ),
    (
        "gitee",
        {"id": 1, "name": "N", "login": "u", "avatar_url": "p", "email": "e@x.co"},
        ("1", "N", "u", "e@x.co", "p"),
    ),
    ("gitea", {"id": 1, "full_name": "N", "login": "u", "avatar_url": "p", "active": True}, ("1", "N", "u", "", "p")),
    (
        "discord",
        {
            "id": "1",
            "global_name": "",
            "username": "u",
            "discriminator": "1234",
            "avatar": "h",
            "email": "e",
            "verified": True,
        },
        ("1", "u#1234", "u", "e", "https://cdn.discordapp.com/avatars/1/h.png"),
    ),
    (
        "discord",
        {"id": "1", "global_name": "N", "username": "u", "discriminator": "0", "email": "e", "verified": False},
        ("1", "N", "u", "", ""),
    ),
    (
        "twitter",
        {"data": {"id": "1", "name": "N", "username": "u", "confirmed_email": "e", "profile_image_url": "p"}},
        ("1", "N", "u", "e", "p"),
    ),
    (
        "kakao",
        {
            "id": 1,
            "properties": {"nickname": "u", "profile_image": "p"},
            "kakao_account": {"email": "e", "is_email_valid": True, "is_email_verified": True},
        },
        ("1", "", "u", "e", "p"),
    ),
    ("kakao", {"id": 1, "kakao_account": {"email": "e", "is_email_valid": True}}, ("1", "", "", "", "")),
    (
        "vk",
        {"response": [{"id": 1, "first_name": "A", "last_name": "B", "screen_name": "u", "photo_max": "p"}]},
        ("1", "A B", "u", "", "p"),
    ),
    (
        "linear",
        {
            "data": {
                "viewer": {"id": "1", "name": "N", "displayName": "u", "email": "e", "avatarUrl": "p", "active": True}
            }
        },
        ("1", "N", "u", "e", "p"),
    ),
    (
        "notion",
        {"bot": {"owner": {"user": {"id": "1", "name": "N", "avatar_url": "p", "person": {"email": "e"}}}}},
        ("1", "N", "", "e", "p"),
    ),
    (
        "monday",
        {
            "data": {
                "me": {"id": "1", "name": "N", "email": "e", "is_verified": True, "photo_small": "p", "enabled": True}
            }
        },
        ("1", "N", "", "e", "p"),
    ),
    ("lark", {"data": {"union_id": "1", "name": "N", "avatar_url": "p"}}, ("1", "N", "", "", "p")),
    ("box", {"id": "1", "name": "N", "login": "e", "avatar_url": "p", "status": "active"}, ("1", "N", "", "e", "p")),
    ("spotify", {"id": "1", "display_name": "N", "images": [{"url": "p"}], "email": "x"}, ("1", "N", "", "", "p")),
    (
        "trakt",
        {"user": {"username": "u", "name": "N", "ids": {"uuid": "1"}, "images": {"avatar": {"full": "p"}}}},
        ("1", "N", "u", "", "p"),
    ),
    (
        "twitch",
        {"data": [{"id": "1", "login": "u", "display_name": "N", "email": "e", "profile_image_url": "p"}]},
        ("1", "N", "u", "e", "p"),
    ),
    (
        "patreon",
        {
            "data": {
                "id": "1",
                "attributes": {
                    "full_name": "N",
                    "vanity": "u",
                    "image_url": "p",
                    "email": "e",
                    "is_email_verified": True,
                },
            }
        },
        ("1", "N", "u", "e", "p"),
    ),
    (
        "strava",
        {"id": 1, "firstname": "A", "lastname": "B", "username": "u", "profile": "p"},
        ("1", "A B", "u", "", "p"),
    ),
    (
        "wakatime",
        {
            "data": {
                "id": "1",
                "display_name": "N",
                "username": "u",
                "email": "e",
                "is_email_confirmed": True,
                "photo": "p",
            }
        },
        ("1", "N", "u", "e", ""),
    ),
    (
        "livechat",
        {"account_id": "1", "name": "N", "email": "e", "email_verified": True, "avatar_url": "p"},
        ("1", "N", "", "e", "p"),
    ),
    (
        "mailcow",
        {"id": "1", "full_name": "N", "username": "u@x.co", "email": "e", "active": 1},
        ("1", "N", "u", "e", ""),
    ),
    (
        "planningcenter",
        {"data": {"id": "1", "attributes": {"name": "N", "avatar": "p", "status": "active"}}},
        ("1", "N", "", "", "p"),
    ),
    *(
        (
            name,
            {
                "sub": "1",
                "name": "N",
                "preferred_username": "u",
                "picture": "p",
                "email": "e",
                "email_verified": "true",
            },
            ("1", "N", "u", "e", "p"),
        )
        for name in ("oidc", "oidc2", "oidc3")
    ),
]


@pytest.mark.parametrize(("name", "raw", "expected"), CASES)
def test_a_profile(name: str, raw: dict[str, Any], expected: tuple[str, str, str, str, str]) -> None:
    """Id, name, user name, e-mail only where it is vouched for, and picture."""
    user = _user(name, raw)
    assert (user.id, user.name, user.username, user.email, user.avatar_url) == expected


def test_every_provider_has_a_case() -> None:
    """No entry of the catalogue goes without a profile that was looked at."""
    assert {case[0] for case in CASES} == set(catalogue())
    assert len(listing()) == 32


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("bitbucket", {"uuid": "1", "account_status": "inactive"}),
        ("gitea", {"id": 1, "active": False}),
        ("gitea", {"id": 1, "active": 1}),
        ("box", {"id": "1", "status": "inactive"}),
        ("linear", {"data": {"viewer": {"id": "1"}}}),
        ("monday", {"data": {"me": {"id": "1", "enabled": False}}}),
        ("mailcow", {"id": "1", "active": 0}),
        ("planningcenter", {"data": {"id": "1"}}),
        ("twitch", {"data": []}),
        ("vk", {"response": []}),
    ],
)
def test_an_account_that_is_not_active_is_refused(name: str, raw: dict[str, Any]) -> None:
    """A provider that says so is believed."""
    with pytest.raises(ProfileRefused):
        _user(name, raw)


@pytest.mark.parametrize(
    ("name", "raw", "url", "listed", "email"),
    [
        (
            "github",
            {"id": 1},
            "https://api.github.com/user/emails",
            [{"email": "a", "primary": True, "verified": True}],
            "a",
        ),
        (
            "github",
            {"id": 1},
            "https://api.github.com/user/emails",
            [{"email": "a", "primary": True, "verified": False}],
            "",
        ),
        ("github", {"id": 1}, "https://api.github.com/user/emails", {"message": "no"}, ""),
        (
            "gitea",
            {"id": 1, "active": True},
            "https://gitea.com/api/v1/user/emails",
            [{"email": "a", "primary": True, "verified": True}],
            "a",
        ),
        (
            "bitbucket",
            {"account_status": "active"},
            "https://api.bitbucket.org/2.0/user/emails",
            {"values": [{"email": "a", "is_primary": True, "is_confirmed": True}]},
            "a",
        ),
        (
            "gitee",
            {"id": 1, "email": None},
            "https://gitee.com/api/v5/emails",
            [{"email": "a@b.co", "state": "confirmed", "scope": ["primary"]}],
            "a@b.co",
        ),
    ],
)
def test_addresses_on_a_page_of_their_own(name: str, raw: dict[str, Any], url: str, listed: Any, email: str) -> None:
    """The primary one counts, if it is verified."""
    assert _user(name, raw, pages={url: (200, listed)}).email == email


@pytest.mark.parametrize(
    ("trusted", "email"),
    [
        (None, "mail"),
        ("email", "claim"),
        ("verified_primary_email", "primary"),
        ("email_and_xms_edov", "claim"),
        ("any_verified", "primary"),
        ("nonsense", "mail"),
    ],
)
def test_microsofts_address_is_the_administrators_choice(trusted: str | None, email: str) -> None:
    """The extra option says which claim of the id_token to trust."""
    claims = {"email": "claim", "verified_primary_email": "primary", "xms_edov": True}
    extra = {"idTokenEmailClaim": trusted} if trusted else {}
    assert _user("microsoft", {"id": "1", "mail": "mail"}, claims=claims, extra=extra).email == email


def test_vks_address_comes_with_the_token() -> None:
    """And Instagram's permissions do, too."""
    assert _user("vk", {"response": [{"id": 1}]}, {"email": "e"}).email == "e"
    assert _user("instagram2", {"user_id": "1"}, {"permissions": ["x"]}).raw["permissions"] == ["x"]


def test_the_authorization_url_is_gos() -> None:
    """Sorted parameters, spaces as plus signs, PKCE where the provider has it, and room for the redirect."""
    url = _provider("apple").authorization_url("STATE", "CH")
    assert url == (
        "https://appleid.apple.com/auth/authorize?client_id=id&code_challenge=CH&code_challenge_method=S256"
        "&response_mode=form_post&response_type=code&scope=name+email&state=STATE&redirect_uri="
    )
    assert (
        _provider("oidc", authURL="http://x/y?z=1").authorization_url("S", "").startswith("http://x/y?z=1&client_id=")
    )
    extra = {"idTokenEmailClaim": "email"}
    assert "scope=User.Read+openid" in _provider("microsoft", extra=extra).authorization_url("S", "")
    assert challenge_of("RzVwrMkZvDgkos8FuGqaPEkgfI9ZrZV7VCFlY039yLN") == "L9XExiSTa-PHX7yCiVbB01OhLNo5B3c9lVL8kyemIMk"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "id", "0", "user"]), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(catalogue())), st.dictionaries(st.sampled_from(["data", "id", "sub", "response"]), _json))
def test_any_profile_is_read_or_refused(name: str, raw: dict[str, Any]) -> None:
    """Fuzz: a lying provider gets a user made of texts, or ProfileRefused."""
    try:
        user = _user(name, raw)
    except ProfileRefused:
        return
    assert all(isinstance(text, str) for text in (user.id, user.name, user.username, user.email, user.avatar_url))


@given(_json, st.text(max_size=12))
def test_looking_up_never_fails(data: Any, path: str) -> None:
    """Fuzz: a path leads to a value or to None."""
    look_up(data, path)

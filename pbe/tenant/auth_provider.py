"""OAuth2 providers: the catalogue, and one provider as a collection configures it.

The catalogue (auth_providers.json) says of each: its pages, its scopes, whether it does PKCE, how the user's profile is
asked for and where in it the user's data is. What does not fit into data is in `auth_profile`.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import orjson

STATE_CHARS = 30
VERIFIER_CHARS = 43


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Every provider's entry by name, in the order in which they are listed."""
    found: dict[str, dict[str, Any]] = orjson.loads(
        resources.files("pbe.tenant").joinpath("auth_providers.json").read_bytes()
    )
    return found


def listing() -> list[dict[str, str]]:
    """What /api/collections/meta/oauth2-providers tells of them."""
    return [
        {"name": name, "displayName": entry["displayName"], "logo": entry["logo"]}
        for name, entry in catalogue().items()
    ]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider with a collection's settings over the catalogue's. extra: the settings only it understands."""

    name: str
    display_name: str
    logo: str
    client_id: str
    client_secret: str
    auth_url: str
    token_url: str
    user_info_url: str
    pkce: bool
    scopes: tuple[str, ...]
    extra: Mapping[str, Any]
    request: Mapping[str, Any]
    user: Mapping[str, Any]

    @classmethod
    def configured(cls, config: Mapping[str, Any]) -> "Provider | None":
        """The provider of an entry of a collection's `oauth2.providers`; None where the catalogue has no such name."""
        entry = catalogue().get(config["name"])
        if entry is None:
            return None
        extra = config.get("extra") or {}
        return cls(
            name=config["name"],
            display_name=config["displayName"] or entry["displayName"],
            logo=entry["logo"],
            client_id=config["clientId"],
            client_secret=config["clientSecret"],
            auth_url=config["authURL"] or entry["authURL"],
            token_url=config["tokenURL"] or entry["tokenURL"],
            user_info_url=config["userInfoURL"] or entry["userInfoURL"],
            pkce=entry["pkce"] if config["pkce"] is None else config["pkce"],
            scopes=_scopes(config["name"], entry["scopes"], extra),
            extra=extra,
            request=entry["request"],
            user=entry["user"],
        )

    def authorization_url(self, state: str, challenge: str) -> str:
        """Where the user agent begins; the client appends its redirect URL. challenge: "" without PKCE."""
        query = {"client_id": self.client_id, "response_type": "code", "state": state}
        if self.scopes:
            query["scope"] = " ".join(self.scopes)
        if challenge:
            query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        if self.name == "apple":
            query["response_mode"] = "form_post"
        joint = "&" if "?" in self.auth_url else "?"
        return f"{self.auth_url}{joint}{urlencode(sorted(query.items()))}&redirect_uri="


def _scopes(name: str, scopes: list[str], extra: Mapping[str, Any]) -> tuple[str, ...]:
    """Microsoft's id_token, where a claim of it is to be trusted, needs one scope more."""
    if name == "microsoft" and extra.get("idTokenEmailClaim") and "openid" not in scopes:
        return (*scopes, "openid")
    return tuple(scopes)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

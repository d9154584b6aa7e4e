"""What a log-in form may offer: the enabled methods of an auth collection, and where each provider's flow begins."""

from typing import Any

from pbe.schema.collection import Collection
from pbe.tenant.auth_provider import STATE_CHARS, VERIFIER_CHARS, Provider, challenge_of
from pbe.tenant.secret import secret_text
from pbe.tenant.tenant import Tenant


def methods(tenant: Tenant, collection: Collection) -> dict[str, Any]:
    """The answer of auth-methods, with fresh states and verifiers; nothing of it is remembered here."""
    options = collection.options
    password, otp, mfa, oauth2 = (options[name] for name in ("passwordAuth", "otp", "mfa", "oauth2"))
    identities = list(password["identityFields"]) if password["enabled"] else []
    providers = [_provider(tenant, config) for config in oauth2["providers"]] if oauth2["enabled"] else []
    offered = [provider for provider in providers if provider is not None]
    return {
        "password": {"identityFields": identities, "enabled": password["enabled"]},
        "oauth2": {"providers": offered, "enabled": oauth2["enabled"]},
        "mfa": {"enabled": mfa["enabled"], "duration": mfa["duration"] if mfa["enabled"] else 0},
        "otp": {"enabled": otp["enabled"], "duration": otp["duration"] if otp["enabled"] else 0},
        "authProviders": [{**provider, "logo": ""} for provider in offered],
        "usernamePassword": "username" in identities,
        "emailPassword": "email" in identities,
    }


def _provider(tenant: Tenant, config: dict[str, Any]) -> dict[str, str] | None:
    provider = Provider.configured(config)
    if provider is None:
        return None
    random_bytes = tenant.services.random_bytes
    state = secret_text(random_bytes, STATE_CHARS)
    verifier = secret_text(random_bytes, VERIFIER_CHARS) if provider.pkce else ""
    challenge = challenge_of(verifier) if verifier else ""
    url = provider.authorization_url(state, challenge)
    return {
        "name": provider.name,
        "displayName": provider.display_name or provider.name,
        "logo": provider.logo,
        "state": state,
        "authURL": url,
        "authUrl": url,
        "codeVerifier": verifier,
        "codeChallenge": challenge,
        "codeChallengeMethod": "S256" if verifier else "",
    }

"""``auth-with-oauth2``, and ``/api/oauth2-redirect``, which hands a provider's code to the client that waits for it."""

from typing import Any

import orjson

from pbe.api.tenant.auth import PATH
from pbe.api.tenant.caller import real_ip
from pbe.api.tenant.form import NOT_LOADED, read_form, refuse
from pbe.api.tenant.route import Route
from pbe.api.tenant.session_answer import auth_collection, login_of, second_factor, session_answer
from pbe.errors import BadRequest, Forbidden, RequestError, field_error
from pbe.schema import rules
from pbe.schema.collection import Collection
from pbe.tenant.auth_mfa import SecondFactorNeeded
from pbe.tenant.auth_oauth2 import APPLE_NAME, log_in
from pbe.tenant.auth_provider import Provider
from pbe.tenant.realtime import realtime_of
from pbe.tenant.request_info import OAUTH2
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response

TOPIC = "@oauth2"
NAME_KEY_CHARS_MAX = 1000
NAME_CHARS_MAX = 150
NAME_S = 60
_PAGE = "../_/#/auth/oauth2-redirect-"
_SHAPE: dict[str, Any] = {
    "createData": {},
    "provider": "",
    "code": "",
    "codeVerifier": "",
    "redirectURL": "",
    "redirectUrl": "",
}


def routes() -> list[Route]:
    """The three routes. Redirects that go well are not logged, since their address holds the code."""
    return [
        Route("POST", f"{PATH}/auth-with-oauth2", auth_with_oauth2, labels=("authWithOAuth2", "auth")),
        Route("GET", "/api/oauth2-redirect", oauth2_redirect, quiet=True),
        Route("POST", "/api/oauth2-redirect", oauth2_redirect, quiet=True),
    ]


async def auth_with_oauth2(request: Request, tenant: Tenant) -> Response:
    """A session for a provider's code."""
    collection = auth_collection(request, tenant)
    if not collection.options["oauth2"]["enabled"]:
        raise Forbidden("The collection is not configured to allow OAuth2 authentication.")
    form = await read_form(request, _SHAPE)
    config = _config(collection, form["provider"])
    refuse(
        rules.gather(
            provider=rules.first(
                form["provider"], rules.required, rules.length(0, 100), _known(config, form["provider"])
            ),
            code=rules.required(form["code"]),
        ),
        NOT_LOADED,
    )
    provider = Provider.configured(config) if config is not None else None
    if provider is None:
        raise BadRequest(f"Failed to init provider {form['provider']}.")
    login = await login_of(request, tenant, OAUTH2)
    try:
        session = await log_in(
            login,
            collection,
            provider,
            code=form["code"],
            verifier=form["codeVerifier"],
            redirect_url=form["redirectURL"] or form["redirectUrl"],
            create_data=form["createData"],
        )
    except SecondFactorNeeded as needed:
        raise second_factor(needed) from needed
    return session_answer(request, session)


def _config(collection: Collection, name: str) -> dict[str, Any] | None:
    providers: list[dict[str, Any]] = collection.options["oauth2"]["providers"]
    return next((config for config in providers if config["name"] == name), None)


def _known(config: dict[str, Any] | None, name: str) -> rules.Rule:
    error = field_error(
        "validation_invalid_provider", f"Provider with name {name} is missing or is not enabled.", {"name": name}
    )
    return lambda _: error if config is None else None


async def oauth2_redirect(request: Request, tenant: Tenant) -> Response:
    """Send what the provider said to the realtime client whose id is the state, and the browser to a page."""
    try:
        sent = await _redirect_data(request)
    except RequestError:
        return _page(request, "failure")
    realtime = realtime_of(tenant)
    client = realtime.broker.clients.get(sent["state"]) if sent["state"] else None
    if client is None or TOPIC not in client.subscriptions:
        return _page(request, "failure")
    try:
        if client.ip and client.ip != real_ip(request, tenant):
            return _page(request, "failure")
        if sent["user"] and not sent["error"] and sent["code"]:
            _keep_apple_name(tenant, APPLE_NAME + sent["code"], sent["user"])
        message = {"state": sent["state"], "code": sent["code"]}
        if sent["error"]:
            message["error"] = sent["error"]
        await realtime.send(sent["state"], TOPIC, orjson.dumps(message))
    finally:
        realtime.broker.drop_topics(client, [TOPIC])
    return _page(request, "failure" if sent["error"] or not sent["code"] else "success")


async def _redirect_data(request: Request) -> dict[str, str]:
    names = {"state": "", "code": "", "error": "", "user": ""}
    if request.method == "POST":
        return await read_form(request, names)
    return {name: request.query_value(name) if name != "user" else "" for name in names}


def _page(request: Request, outcome: str) -> Response:
    status = 307 if request.method == "GET" else 303
    return Response(status, [(b"Location", f"{_PAGE}{outcome}".encode())])


def _keep_apple_name(tenant: Tenant, key: str, text: str) -> None:
    """Apple tells the user's name only here; the log-in that follows asks for it by the code."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    name = told.get("name") if isinstance(told, dict) else None
    if not isinstance(name, dict) or len(key) > NAME_KEY_CHARS_MAX:
        return
    parts = [part for part in (name.get("firstName"), name.get("lastName")) if isinstance(part, str)]
    full = " ".join(parts)[:NAME_CHARS_MAX].strip()
    if full:
        tenant.ephemera.put(key, full, NAME_S)

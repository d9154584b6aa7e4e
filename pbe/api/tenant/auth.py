"""``/api/collections/{collection}/…``: how to log in, by password, again, and as somebody else."""

from typing import Any

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import require_auth, require_same_collection, require_superuser, token_of
from pbe.api.tenant.form import read_form, refuse
from pbe.api.tenant.route import Route
from pbe.api.tenant.session_answer import auth_collection, login_of, second_factor, session_answer
from pbe.errors import Forbidden, NotFound
from pbe.schema import rules
from pbe.tenant import auth_password
from pbe.tenant.auth_events import AuthEvent
from pbe.tenant.auth_methods import methods
from pbe.tenant.auth_mfa import SecondFactorNeeded
from pbe.tenant.auth_session import Session, respond
from pbe.tenant.auth_token import is_refreshable, issue, issue_auth
from pbe.tenant.pipeline import Event
from pbe.tenant.record_read import find
from pbe.tenant.request_info import DEFAULT, PASSWORD
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit
from pbe.web.request import Request
from pbe.web.response import Response

PATH = "/api/collections/{collection}"


def routes() -> list[Route]:
    """The four routes."""
    return [
        Route("GET", f"{PATH}/auth-methods", auth_methods, labels=("listAuthMethods",)),
        Route("POST", f"{PATH}/auth-with-password", auth_with_password, labels=("authWithPassword", "auth")),
        Route("POST", f"{PATH}/auth-refresh", auth_refresh, require_same_collection, ("authRefresh",)),
        Route("POST", f"{PATH}/impersonate/{{id}}", impersonate, require_superuser),
    ]


async def auth_methods(request: Request, tenant: Tenant) -> Response:
    """What a log-in form may offer."""
    return answer(request, methods(tenant, auth_collection(request, tenant)))


async def auth_with_password(request: Request, tenant: Tenant) -> Response:
    """A session for an identity and its password."""
    collection = auth_collection(request, tenant)
    options = collection.options["passwordAuth"]
    if not options["enabled"]:
        raise Forbidden("The collection is not configured to allow password authentication.")
    form = await read_form(request, {"identity": "", "password": "", "identityField": ""})
    refuse(
        rules.gather(
            identity=rules.first(form["identity"], rules.required, rules.length(1, 255)),
            password=rules.first(form["password"], rules.required, rules.length(1, 255)),
            identityField=rules.first(
                form["identityField"], rules.length(1, 255), rules.one_of(*options["identityFields"])
            ),
        )
    )
    login = await login_of(request, tenant, PASSWORD)
    try:
        session = await auth_password.log_in(
            login, collection, form["identity"], form["password"], form["identityField"]
        )
    except SecondFactorNeeded as needed:
        raise second_factor(needed) from needed
    return session_answer(request, session)


async def auth_refresh(request: Request, tenant: Tenant) -> Response:
    """The caller's session with a newer token, unless its token says that it cannot be refreshed."""
    record = require_auth(request, tenant)
    login = await login_of(request, tenant, DEFAULT)
    event = AuthEvent("onRecordAuthRefreshRequest", login.info, record.collection, record, Unit(tenant))
    answers: list[Session] = []

    async def act(_: Event) -> None:
        found = event.record or record
        token = token_of(request)
        if is_refreshable(tenant, token):
            token = issue_auth(tenant, found)
        answers.append(await respond(login, found, "", token=token))

    await tenant.pipeline.trigger(event, act)
    return session_answer(request, answers[0])


async def impersonate(request: Request, tenant: Tenant) -> Response:
    """A session of another record, for a superuser; its token cannot be refreshed."""
    collection = auth_collection(request, tenant)
    record = await find(Unit(tenant), collection, request.params["id"])
    if record is None:
        raise NotFound
    form: dict[str, Any] = await read_form(request, {"duration": 0}, own_words=True)
    refuse(rules.gather(duration=rules.first(form["duration"], rules.at_least(0))))
    token = issue(tenant, record, duration_s=form["duration"], refreshable=False)
    login = await login_of(request, tenant, DEFAULT)
    return session_answer(request, await respond(login, record, "", token=token))

"""What the routes that log somebody in have in common: the attempt's context, and the answer."""

from typing import Any

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import real_ip
from pbe.api.tenant.request_info import info_of
from pbe.api.tenant.route import Answered
from pbe.errors import NotFound
from pbe.schema.collection import Collection
from pbe.tenant.auth_mfa import SecondFactorNeeded
from pbe.tenant.auth_session import Login, Session
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, json_response


def auth_collection(request: Request, tenant: Tenant) -> Collection:
    """The auth collection of the path."""
    collection = tenant.catalog.collection(request.params["collection"])
    if collection is None or not collection.is_auth:
        raise NotFound("Missing or invalid auth collection context.")
    return collection


async def login_of(request: Request, tenant: Tenant, context: str) -> Login:
    """The attempt that a request makes."""
    info = await info_of(request, context=context)
    mfa_id = request.query_value("mfaId")
    if not mfa_id:
        sent = info.body.get("mfaId", "")
        mfa_id = sent if isinstance(sent, str) else ""
    return Login(tenant, info, real_ip(request, tenant), request.headers.get("user-agent"), mfa_id)


def session_answer(request: Request, session: Session) -> Response:
    """The record and its token."""
    value: dict[str, Any] = {} if session.meta is None else {"meta": session.meta}
    value |= {"record": session.record.export(), "token": session.token}
    return answer(request, value)


def second_factor(needed: SecondFactorNeeded) -> Answered:
    """The answer that asks for another method."""
    return Answered(json_response({"mfaId": needed.mfa_id}, 401), "mfa required")

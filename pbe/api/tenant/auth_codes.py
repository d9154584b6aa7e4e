"""``request-otp`` and ``auth-with-otp``."""

from pbe.api.tenant.answer import answer
from pbe.api.tenant.auth import PATH
from pbe.api.tenant.form import read_form, refuse
from pbe.api.tenant.request_info import info_of
from pbe.api.tenant.route import Answered, Route
from pbe.api.tenant.session_answer import auth_collection, login_of, second_factor, session_answer
from pbe.errors import Forbidden
from pbe.schema import rules
from pbe.schema.collection import Collection
from pbe.tenant import auth_otp
from pbe.tenant.auth_mfa import SecondFactorNeeded
from pbe.tenant.request_info import OTP
from pbe.tenant.settings_check import email_rule
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response

PASSWORD_BYTES_MAX = 71


def routes() -> list[Route]:
    """The two routes."""
    return [
        Route("POST", f"{PATH}/request-otp", request_otp, labels=("requestOTP",)),
        Route("POST", f"{PATH}/auth-with-otp", auth_with_otp, labels=("authWithOTP", "auth")),
    ]


async def request_otp(request: Request, tenant: Tenant) -> Response:
    """The id of a one-time password that is on its way to an address; of none, where nobody has it."""
    collection = _enabled(auth_collection(request, tenant))
    form = await read_form(request, {"email": ""})
    refuse(rules.gather(email=rules.first(form["email"], rules.required, rules.length(1, 255), email_rule)))
    info = await info_of(request)
    try:
        otp_id = await auth_otp.request(tenant, info, collection, form["email"])
    except auth_otp.NoAccount as error:
        raise Answered(answer(request, {"otpId": error.otp_id}), error.hint) from error
    return answer(request, {"otpId": otp_id})


async def auth_with_otp(request: Request, tenant: Tenant) -> Response:
    """A session for a one-time password."""
    collection = _enabled(auth_collection(request, tenant))
    form = await read_form(request, {"otpId": "", "password": ""})
    refuse(
        rules.gather(
            otpId=rules.first(form["otpId"], rules.required, rules.length(1, 255)),
            password=rules.first(form["password"], rules.required, rules.length(1, PASSWORD_BYTES_MAX)),
        )
    )
    login = await login_of(request, tenant, OTP)
    try:
        session = await auth_otp.log_in(login, collection, form["otpId"], form["password"])
    except SecondFactorNeeded as needed:
        raise second_factor(needed) from needed
    return session_answer(request, session)


def _enabled(collection: Collection) -> Collection:
    if not collection.options["otp"]["enabled"]:
        raise Forbidden("The collection is not configured to allow OTP authentication.")
    return collection

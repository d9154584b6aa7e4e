"""``/api/settings``: read, change, and try out."""

from typing import Any

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import require_superuser
from pbe.api.tenant.form import NOT_LOADED, bind, literal_numbers, read_form, refuse
from pbe.api.tenant.route import Route
from pbe.errors import BadRequest
from pbe.schema import rules
from pbe.tenant import apple_secret, settings_store, settings_test
from pbe.tenant.pipeline import Event
from pbe.tenant.settings import SettingsUnreadable
from pbe.tenant.settings_check import email_rule
from pbe.tenant.settings_events import SettingsListEvent, SettingsUpdateEvent
from pbe.tenant.settings_form import from_form
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, no_content

PATH = "/api/settings"
_NO_MAIL = "Failed to send the test email."
_NO_S3 = "Failed to test the S3 filesystem."
_NO_SECRET = "Invalid client secret data."


def routes() -> list[Route]:
    """The five routes."""
    return [
        Route("GET", PATH, view_settings, require_superuser),
        Route("PATCH", PATH, update_settings, require_superuser),
        Route("POST", f"{PATH}/test/s3", test_s3, require_superuser),
        Route("POST", f"{PATH}/test/email", test_email, require_superuser),
        Route("POST", f"{PATH}/apple/generate-client-secret", generate_apple_secret, require_superuser),
    ]


async def view_settings(request: Request, tenant: Tenant) -> Response:
    """All settings but their secrets."""
    event = SettingsListEvent(tenant.settings)
    await tenant.pipeline.trigger(event)
    return answer(request, event.settings.public())


async def update_settings(request: Request, tenant: Tenant) -> Response:
    """Change what is sent; the rest stays."""
    bound = await bind(request, own_words=True)
    try:
        sent = await literal_numbers(request, bound) if bound.form is None else from_form(bound.form)
        changed = tenant.settings.merged(sent)
    except SettingsUnreadable as error:
        raise BadRequest(NOT_LOADED, cause=str(error)) from error
    event = SettingsUpdateEvent(tenant.settings, changed)

    async def act(_: Event) -> None:
        await settings_store.save(tenant, event.new)

    await tenant.pipeline.trigger(event, act)
    return answer(request, tenant.settings.public())


async def test_s3(request: Request, tenant: Tenant) -> Response:
    """204: a file could be written to the bucket and deleted again."""
    form = await read_form(request, {"filesystem": ""}, own_words=True)
    name = form["filesystem"]
    refuse(rules.gather(filesystem=rules.first(name, rules.required, rules.one_of("storage", "backups"))), _NO_S3)
    reason = await settings_test.try_s3(
        tenant, tenant.settings.s3 if name == "storage" else tenant.settings.backups["s3"]
    )
    if reason:
        raise BadRequest(f"{_NO_S3} Raw error: \n{reason}")
    return no_content()


async def test_email(request: Request, tenant: Tenant) -> Response:
    """204: the mail server took the message."""
    form = await read_form(request, {"email": "", "template": "", "collection": ""}, own_words=True)
    refuse(
        rules.gather(
            collection=rules.first(form["collection"], rules.length(1, 255), settings_test.collection_rule(tenant)),
            email=rules.first(form["email"], rules.required, rules.length(1, 255), email_rule),
            template=rules.first(form["template"], rules.required, rules.one_of(*settings_test.TEMPLATES)),
        ),
        _NO_MAIL,
    )
    reason = await settings_test.try_mail(tenant, form["email"], form["template"], form["collection"])
    if reason:
        raise BadRequest(f"{_NO_MAIL} Raw error: \n{reason}")
    return no_content()


async def generate_apple_secret(request: Request, tenant: Tenant) -> Response:
    """The client secret that Apple wants instead of one that does not expire."""
    shape: dict[str, Any] = {"clientId": "", "teamId": "", "keyId": "", "privateKey": "", "duration": 0}
    form = await read_form(request, shape, own_words=True)
    refuse(apple_secret.check(form), _NO_SECRET)
    try:
        secret = apple_secret.generate(form, tenant.now())
    except apple_secret.KeyUnreadable as error:
        raise BadRequest(f"Failed to generate client secret. Raw error: \n{error}") from error
    return answer(request, {"secret": secret})

"""What makes the options of an auth collection valid."""

from collections.abc import Mapping
from typing import Any, Protocol

from pbe.errors import field_error
from pbe.schema import address, index, rules
from pbe.schema.collection import Collection
from pbe.schema.collection_auth import TOKENS
from pbe.schema.field import Entry
from pbe.schema.rule_validate import SYSTEM_RULE, RuleCompiler, rule_error, text_error

Errors = dict[str, Any]
TOKEN_S_MAX = 94670856
ONCE_S_MAX = 86400
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 30, 255
OTP_CHARS_MIN = 4
TEMPLATES = ("verificationTemplate", "resetPasswordTemplate", "confirmEmailChangeTemplate")


class Surroundings(RuleCompiler, Protocol):
    """What the options are checked against."""

    def has_provider(self, name: str) -> bool:
        """Whether there is an OAuth2 provider of this name."""


def auth_errors(new: Collection, old: Collection | None, around: Surroundings) -> Errors:
    """The errors of the options, by path; what depends on several of them is checked once each is good."""
    options = new.options
    errors: dict[str, Any] = {
        "authRule": rule_error(new, old, "authRule", around),
        "manageRule": _manage_rule(new, old, around),
        "authAlert": rules.gather(emailTemplate=template_errors(options["authAlert"]["emailTemplate"])),
        "passwordAuth": _password_errors(options["passwordAuth"]),
        "oauth2": _oauth2_errors(options["oauth2"], around),
        "otp": _otp_errors(options["otp"]),
        "mfa": rules.gather(duration=_once_seconds(options["mfa"])),
        **{name: _token_errors(options[name]) for name in TOKENS},
        **{name: template_errors(options[name]) for name in TEMPLATES},
    }
    found = {name: entry for name, entry in errors.items() if entry}
    return found or _mfa_errors(new, old, around) or _identity_errors(new)


def _manage_rule(new: Collection, old: Collection | None, around: Surroundings) -> Entry | None:
    if new.rule("manageRule") == "":
        return field_error("validation_nil_or_not_empty_required", "cannot be blank")
    return rule_error(new, old, "manageRule", around)


def template_errors(template: Mapping[str, Any]) -> Errors | None:
    """Subject and body are there."""
    return rules.gather(subject=rules.required(template["subject"]), body=rules.required(template["body"]))


def _token_errors(token: Mapping[str, Any]) -> Errors | None:
    long = rules.length(SECRET_BYTES_MIN, SECRET_BYTES_MAX)
    return rules.gather(
        secret=rules.first(token["secret"], rules.required, long),
        duration=rules.first(token["duration"], rules.required, rules.at_least(10), rules.at_most(TOKEN_S_MAX)),
    )


def _once_seconds(options: Mapping[str, Any]) -> Entry | None:
    if not options["enabled"]:
        return None
    return rules.first(options["duration"], rules.required, rules.at_least(10), rules.at_most(ONCE_S_MAX))


def _otp_errors(options: Mapping[str, Any]) -> Errors | None:
    length = rules.first(options["length"], rules.required, rules.at_least(OTP_CHARS_MIN))
    return rules.gather(
        duration=_once_seconds(options),
        length=length if options["enabled"] else None,
        emailTemplate=template_errors(options["emailTemplate"]),
    )


def _password_errors(options: Mapping[str, Any]) -> Errors | None:
    if not options["enabled"]:
        return None
    return rules.gather(identityFields=rules.required([name for name in options["identityFields"] if name]))


def _oauth2_errors(options: Mapping[str, Any], around: Surroundings) -> Errors | None:
    if not options["enabled"]:
        return None
    providers = options["providers"]
    seen: set[str] = set()
    for number, provider in enumerate(providers):
        name = provider["name"]
        if name and name in seen:
            said = f"The provider {name} is already registered."
            entry = field_error("validation_duplicated_provider", said, {"name": name})
            return {"providers": {str(number): {"name": entry}}}
        seen.add(name)
    errors = {str(number): _provider_errors(provider, around) for number, provider in enumerate(providers)}
    return rules.gather(providers=rules.gather(**errors))


def _provider_errors(provider: Mapping[str, Any], around: Surroundings) -> Errors | None:
    name = provider["name"]
    known = rules.required(name)
    if known is None and not around.has_provider(name):
        said = f"Invalid or missing provider with name {name}."
        known = field_error("validation_missing_provider", said, {"name": name})
    return rules.gather(
        name=known,
        clientId=rules.required(provider["clientId"]),
        clientSecret=rules.required(provider["clientSecret"]),
        **{url: address.url_rule(provider[url]) for url in ("authURL", "tokenURL", "userInfoURL")},
    )


def _mfa_errors(new: Collection, old: Collection | None, around: Surroundings) -> Errors:
    mfa = new.options["mfa"]
    if not mfa["enabled"]:
        return {}
    if sum(bool(new.options[method]["enabled"]) for method in ("passwordAuth", "oauth2", "otp")) < 2:
        said = "MFA requires at least 2 auth methods to be enabled."
        return {"mfa": {"enabled": field_error("validation_mfa_not_enough_auths", said)}}
    rule = mfa["rule"]
    error = text_error(new, rule, around)
    before = old.options.get("mfa", {}).get("rule", "") if old is not None else rule
    if error is None and rule and old is not None and old.system and before != rule:
        error = SYSTEM_RULE
    return {"mfa": {"rule": error}} if error is not None else {}


def _identity_errors(new: Collection) -> Errors:
    """Who logs in by a field must be found by it: the field has a unique index of its own."""
    options = new.options["passwordAuth"]
    for name in options["identityFields"] if options["enabled"] else ():
        entry: Entry | None = None
        if new.field(name) is None:
            said = f"Invalid or missing field {name}"
            entry = field_error("validation_missing_field", said, {"fieldName": name})
        elif index.single_unique(new.indexes, name) is None:
            said = f"The field {name} doesn't have a UNIQUE constraint."
            entry = field_error("validation_missing_unique_constraint", said, {"fieldName": name})
        if entry is not None:
            return {"passwordAuth": {"identityFields": entry}}
    return {}

"""The default e-mails of an auth collection, as PocketBase writes them into its database."""

from typing import Final

Template = dict[str, str]

_SIGNED: Final = "<p>\n  Thanks,<br/>\n  {APP_NAME} team\n</p>"


def _mail(subject: str, *paragraphs: str) -> Template:
    return {"subject": subject, "body": "\n".join(("<p>Hello,</p>", *paragraphs, _SIGNED))}


def _button(action: str, label: str) -> str:
    link = f"{{APP_URL}}/_/#/auth/{action}/{{TOKEN}}"
    return f'<p>\n  <a class="btn" href="{link}" target="_blank" rel="noopener">{label}</a>\n</p>'


def verification() -> Template:
    """Asks to verify the address."""
    return _mail(
        "Verify your {APP_NAME} email",
        "<p>Thank you for joining us at {APP_NAME}.</p>",
        "<p>Click on the button below to verify your email address.</p>",
        _button("confirm-verification", "Verify"),
        "<p><i>If you didn't recently register, please ignore this email.</i></p>",
    )


def password_reset() -> Template:
    """Lets the reader choose a new password."""
    return _mail(
        "Reset your {APP_NAME} password",
        "<p>Click on the button below to reset your password.</p>",
        _button("confirm-password-reset", "Reset password"),
        "<p><i>If you didn't ask to reset your password, please ignore this email.</i></p>",
    )


def email_change() -> Template:
    """Asks to confirm a new address."""
    return _mail(
        "Confirm your {APP_NAME} new email address",
        "<p>Click on the button below to confirm your new email address.</p>",
        _button("confirm-email-change", "Confirm new email"),
        "<p><i>If you didn't ask to change your email address, please ignore this email.</i></p>",
    )


def one_time_password() -> Template:
    """Carries a one-time password."""
    return _mail(
        "OTP for {APP_NAME}",
        "<p>Your one-time password is: <strong>{OTP}</strong></p>",
        "<p><i>If you didn't ask for the one-time password, you can ignore this email.</i></p>",
    )


def auth_alert() -> Template:
    """Tells of a login from elsewhere."""
    return _mail(
        "Login from a new location",
        "<p>We noticed a login to your {APP_NAME} account from a new location:</p>",
        "<p><em>{ALERT_INFO}</em></p>",
        "<p><strong>If this wasn't you, you should immediately change your {APP_NAME} account password to revoke access"
        " from all other locations.</strong></p>",
        "<p>If this was you, you may disregard this email.</p>",
    )

"""The events of authentication, named as PocketBase names them."""

from typing import Any

from pbe.mail.message import Message
from pbe.schema.collection import Collection
from pbe.tenant.auth_profile import OAuthUser
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit


class AuthEvent(Event):
    """Somebody asks for something of an auth collection; `record` may be set or replaced by a hook."""

    __slots__ = ("collection", "info", "record", "unit")

    def __init__(self, name: str, info: RequestInfo, collection: Collection, record: Record | None, unit: Unit) -> None:
        super().__init__(name, (collection.name, collection.id))
        self.info = info
        self.collection = collection
        self.record = record
        self.unit = unit


class PasswordAuthEvent(AuthEvent):
    """onRecordAuthWithPasswordRequest."""

    __slots__ = ("identity", "identity_field", "password")

    def __init__(
        self,
        info: RequestInfo,
        collection: Collection,
        record: Record | None,
        unit: Unit,
        *,
        identity: str,
        password: str,
        identity_field: str,
    ) -> None:
        super().__init__("onRecordAuthWithPasswordRequest", info, collection, record, unit)
        self.identity = identity
        self.password = password
        self.identity_field = identity_field


class SessionEvent(AuthEvent):
    """onRecordAuthRequest: a session is about to be told its token. method: "" where there is neither MFA nor alert."""

    __slots__ = ("meta", "method", "token")

    def __init__(self, info: RequestInfo, record: Record, unit: Unit, *, token: str, method: str, meta: Any) -> None:
        super().__init__("onRecordAuthRequest", info, record.collection, record, unit)
        self.token = token
        self.method = method
        self.meta = meta


class OtpRequestEvent(AuthEvent):
    """onRecordRequestOTPRequest: `password` will be mailed."""

    __slots__ = ("password",)

    def __init__(
        self, info: RequestInfo, collection: Collection, record: Record | None, unit: Unit, password: str
    ) -> None:
        super().__init__("onRecordRequestOTPRequest", info, collection, record, unit)
        self.password = password


class OtpAuthEvent(AuthEvent):
    """onRecordAuthWithOTPRequest."""

    __slots__ = ("otp",)

    def __init__(self, info: RequestInfo, record: Record, unit: Unit, otp: Record) -> None:
        super().__init__("onRecordAuthWithOTPRequest", info, record.collection, record, unit)
        self.otp = otp


class OAuth2Event(AuthEvent):
    """onRecordAuthWithOAuth2Request."""

    __slots__ = ("create_data", "is_new", "provider_name", "user")

    def __init__(
        self,
        info: RequestInfo,
        collection: Collection,
        record: Record | None,
        unit: Unit,
        *,
        provider_name: str,
        user: OAuthUser,
        create_data: dict[str, Any],
    ) -> None:
        super().__init__("onRecordAuthWithOAuth2Request", info, collection, record, unit)
        self.provider_name = provider_name
        self.user = user
        self.create_data = create_data
        self.is_new = record is None


class EmailChangeEvent(AuthEvent):
    """onRecordRequestEmailChangeRequest and onRecordConfirmEmailChangeRequest."""

    __slots__ = ("new_email",)

    def __init__(self, name: str, info: RequestInfo, record: Record, unit: Unit, new_email: str) -> None:
        super().__init__(name, info, record.collection, record, unit)
        self.new_email = new_email


class MailEvent(Event):
    """A message is about to be sent: onMailerRecord…Send about a record, then onMailerSend; hooks may replace it."""

    __slots__ = ("message", "meta", "record")

    def __init__(self, name: str, message: Message, record: Record | None, meta: dict[str, Any]) -> None:
        super().__init__(name, record.tags if record is not None else ())
        self.message = message
        self.record = record
        self.meta = meta

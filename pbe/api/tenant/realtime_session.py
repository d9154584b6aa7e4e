"""What a WebSocket client says and is told: one JSON object a message.

    → {"type":"auth","token":…}                        ← {"type":"authenticated"}
    → {"type":"subscribe","topics":[…]}                ← {"type":"subscribed","topics":[…]}
    → {"type":"unsubscribe","topics":[…]}              ← {"type":"subscribed","topics":[…]}
    → {"type":"resume","clientId":…,"lastEventId":7}   ← {"type":"resumed","complete":true}, then what was missed
    → {"type":"ping"}                                  ← {"type":"pong"}
                                                       ← {"type":"connect","clientId":…,"lastEventId":7}
                                                       ← {"type":"event","id":8,"topic":…,"action":…,"record":…}
                                                       ← {"type":"error","message":…,"data":…}

A refused request is answered by an error and costs nothing else; what is no such message ends the connection.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.errors import BadRequest, Forbidden, RequestError, Unauthorized
from pbe.tenant.auth_token import authenticate
from pbe.tenant.realtime import Realtime
from pbe.tenant.realtime_broker import CLOSING, IDLE, OVER, SLOW
from pbe.tenant.realtime_client import Client, same_auth
from pbe.tenant.realtime_events import RealtimeSubscribeRequestEvent
from pbe.tenant.realtime_seat import Message
from pbe.tenant.realtime_subscription import SUBSCRIPTION_CHARS_MAX, SUBSCRIPTIONS_MAX
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant

WAITING_MAX = 64
GOING_AWAY, TRY_AGAIN = 1001, 1013
PROTOCOL_ERROR, SLOW_READER, TOO_MANY = 4400, 4408, 4429
#: Why the server ends a client, as the close code and reason of its connection.
CLOSES: Mapping[str, tuple[int, str]] = {
    IDLE: (GOING_AWAY, "idle"),
    OVER: (GOING_AWAY, "maximum lifetime"),
    CLOSING: (GOING_AWAY, "going away"),
    SLOW: (SLOW_READER, "too slow"),
}
_log = Logger()


class Session:
    """One connection's conversation. tell: sends a JSON object; deliver: sends events; close: ends with a code."""

    def __init__(
        self,
        tenant: Tenant,
        realtime: Realtime,
        info: RequestInfo,
        ip: str,
        *,
        tell: Callable[[dict[str, Any]], None],
        deliver: Callable[[list[Message]], None],
        close: Callable[[int, str], None],
    ) -> None:
        self._tenant = tenant
        self._realtime = realtime
        self._info = info
        self._ip = ip
        self._tell = tell
        self._deliver = deliver
        self._close = close
        self._waiting: deque[bytes] = deque()
        self._busy = False
        self.client: Client | None = None

    def begin(self, client: Client) -> None:
        """The connection is open."""
        self.client = client
        client.auth = self._info.auth
        number = self._realtime.journal.number
        self._tell({"type": "connect", "clientId": client.id, "lastEventId": number})

    def heard(self, payload: bytes) -> None:
        """One message; they are worked off in order."""
        if len(self._waiting) >= WAITING_MAX:
            self._close(TOO_MANY, "too many messages at once")
            return
        self._waiting.append(payload)
        self._work()

    def _work(self) -> None:
        while self._waiting and not self._busy:
            self._busy = True
            task = Deferred.fromCoroutine(self._answer(self._waiting.popleft()))
            task.addErrback(self._failed)
            task.addBoth(self._free)
            if self._busy:
                task.addBoth(lambda _: self._work())

    def _free(self, _: Any) -> None:
        self._busy = False

    def _failed(self, failure: Failure) -> None:
        _log.failure("a realtime message failed", failure=failure)
        self._tell({"type": "error", "message": RequestError.default_message, "data": {}})

    async def _answer(self, payload: bytes) -> None:
        client = self.client
        if client is None:
            return
        try:
            said = orjson.loads(payload)
        except orjson.JSONDecodeError:
            said = None
        kind = said.get("type") if isinstance(said, dict) else None
        step = self._STEPS.get(kind) if isinstance(kind, str) else None
        if step is None or not isinstance(said, dict):
            self._close(PROTOCOL_ERROR, "not a message of this protocol")
            return
        try:
            await step(self, client, said)
        except RequestError as error:
            self._tell({"type": "error", "message": error.message, "data": error.data})

    async def _auth(self, client: Client, said: dict[str, Any]) -> None:
        token = said.get("token")
        record = await authenticate(self._tenant, token) if isinstance(token, str) else None
        if record is None:
            raise Unauthorized("The token is not valid.")
        if client.auth is not None and not same_auth(client.auth, record):
            raise Forbidden("The current and the previous request authorization don't match.")
        client.auth = self._info.auth = record
        self._realtime.broker.version += 1
        self._tell({"type": "authenticated"})

    async def _subscribe(self, client: Client, said: dict[str, Any]) -> None:
        wanted = _topics(said)
        if len(set(client.subscriptions).union(wanted)) > SUBSCRIPTIONS_MAX:
            raise BadRequest(f"At most {SUBSCRIPTIONS_MAX} subscriptions are allowed.")
        event = RealtimeSubscribeRequestEvent(self._info, client, wanted)

        async def act(_: Any) -> None:
            self._realtime.broker.add_topics(client, event.subscriptions)

        await self._tenant.pipeline.trigger(event, act)
        self._subscribed(client)

    async def _unsubscribe(self, client: Client, said: dict[str, Any]) -> None:
        self._realtime.broker.drop_topics(client, _topics(said) if "topics" in said else list(client.subscriptions))
        self._subscribed(client)

    async def _resume(self, client: Client, said: dict[str, Any]) -> None:
        client_id, number = said.get("clientId"), said.get("lastEventId")
        if not isinstance(client_id, str) or type(number) is not int:
            raise BadRequest("clientId must be a text and lastEventId an integer.")
        missed = self._realtime.park.resume(client_id, number, client.auth)
        if missed is None:
            self._tell({"type": "resumed", "complete": False})
            return
        self._realtime.broker.add_topics(client, missed.topics)
        self._tell({"type": "resumed", "complete": missed.complete})
        self._deliver(missed.messages)
        self._subscribed(client)

    async def _ping(self, client: Client, said: dict[str, Any]) -> None:
        client.idle_at = self._tenant.clock.seconds() + client.idle_s
        self._tell({"type": "pong"})

    def _subscribed(self, client: Client) -> None:
        self._tell({"type": "subscribed", "topics": list(client.subscriptions)})

    _STEPS = {  # noqa: RUF012
        "auth": _auth,
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "resume": _resume,
        "ping": _ping,
    }


def _topics(said: dict[str, Any]) -> list[str]:
    topics = said.get("topics")
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise BadRequest("topics must be a list of texts.")
    if len(topics) > SUBSCRIPTIONS_MAX:
        raise BadRequest(f"At most {SUBSCRIPTIONS_MAX} subscriptions are allowed.")
    if any(len(topic.encode("utf-8", "surrogatepass")) > SUBSCRIPTION_CHARS_MAX for topic in topics):
        raise BadRequest(f"A subscription has at most {SUBSCRIPTION_CHARS_MAX} characters.")
    return list(topics)

"""The platform's HTTP API as the command line calls it: blocking, one request at a time."""

import http.client
import json
import ssl
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

TIMEOUT_S = 60.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024
PER_PAGE = 500


class Refused(Exception):
    """The server answered with an error; `status` is HTTP's, `answer` the decoded body or its text."""

    def __init__(self, status: int, answer: Any) -> None:
        self.status = status
        self.answer = answer
        super().__init__(_sentence(status, answer))


class Unreachable(Exception):
    """No answer came: nobody listens, the connection broke, or what came was not HTTP."""


def _sentence(status: int, answer: Any) -> str:
    if not isinstance(answer, dict):
        return f"The server answered {status}."
    message = str(answer.get("message") or answer.get("error") or f"The server answered {status}.")
    details = [
        f"{field}: {entry.get('message', entry)}" if isinstance(entry, dict) else f"{field}: {entry}"
        for field, entry in (answer.get("data") or {}).items()
    ]
    return " ".join([message, *details])


class Server:
    """One pbe server, named by its URL; `token` is a cluster admin's, or empty; `ca` a file of who may sign it."""

    def __init__(self, url: str, token: str = "", ca: str = "") -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"--server must be a URL such as http://127.0.0.1:8090, not {url!r}.")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._token = token
        self._ca = ca
        self.timeout_s = TIMEOUT_S
        self.url = f"{parts.scheme}://{parts.netloc}"

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The decoded answer of a 2xx, None for an empty one; raises Refused and Unreachable.

        query: parameters whose value is None are left out.
        """
        status, content = self._exchange(method, _target(path, query), body)
        answer = _decoded(content)
        if not 200 <= status < 300:
            raise Refused(status, answer)
        return answer

    def pages(self, path: str, **query: Any) -> list[Any]:
        """Every item of a list, all its pages."""
        items: list[Any] = []
        page = 1
        while True:
            answer = self.call("GET", path, page=page, perPage=PER_PAGE, **query)
            items.extend(answer["items"])
            if not answer["items"] or page >= answer["totalPages"]:
                return items
            page += 1

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self.timeout_s, context=_context(self._ca)
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self.timeout_s)

    def _exchange(self, method: str, target: str, body: Any) -> tuple[int, bytes]:
        connection = self._connection()
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, target, payload, headers)
            response = connection.getresponse()
            return response.status, response.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"No answer from {self.url}: {error or type(error).__name__}.") from error
        finally:
            connection.close()


def _context(ca: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise ValueError(f"The file {ca} of --ca holds no certificates: {error.strerror or error}.") from error
    # The cluster's own authority signs addresses that change: who it signed is enough, as between its processes.
    context.check_hostname = not ca
    return context


def segment(text: str) -> str:
    """`text` as one segment of a path."""
    return quote(text, safe="")


def _target(path: str, query: dict[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _decoded(content: bytes) -> Any:
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")

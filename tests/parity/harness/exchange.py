"""One request and its answer over a plain socket-level HTTP client: nothing is added, followed or decoded for us."""

import gzip
import http.client
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

REQUEST_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it goes out: `target` and `headers` are sent as they stand."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case, the body after gzip."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError where it is none."""
        return json.loads(self.body)


class Peer:
    """One server to ask, with a keep-alive connection of its own and headers that go with every call."""

    def __init__(self, name: str, port: int, fixed_headers: dict[str, str] | None = None) -> None:
        self.name = name
        self.port = port
        self.fixed_headers = dict(fixed_headers or {})
        self.saved: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, call: Call) -> Answer:
        """Sends `call` and reads the whole answer; a connection the server closed meanwhile is opened once more."""
        try:
            return self._ask_once(call)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            return self._ask_once(call)

    def _ask_once(self, call: Call) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_TIMEOUT_S)
        connection = self._connection
        headers = {**self.fixed_headers, **call.headers}
        skip_host = any(name.lower() == "host" for name in headers)
        connection.putrequest(call.method, call.target, skip_host=skip_host, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if call.body is not None and not any(name.lower() == "content-length" for name in headers):
            connection.putheader("Content-Length", str(len(call.body)))
        connection.endheaders(call.body)
        response = connection.getresponse()
        body = response.read()
        found = {name.lower(): value for name, value in response.getheaders()}
        if found.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return Answer(response.status, found, body)

    def close(self) -> None:
        """Drops the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def multipart(parts: list[dict[str, str]]) -> tuple[str, bytes]:
    """(content type, body) of a form: parts are {"name", "value"} or {"name", "filename", "content", "type"?}."""
    boundary = uuid.uuid4().hex
    out: list[bytes] = []
    for part in parts:
        disposition = f'form-data; name="{part["name"]}"'
        head = ""
        if "filename" in part:
            disposition += f'; filename="{part["filename"]}"'
            head = f"Content-Type: {part.get('type', 'application/octet-stream')}\r\n"
        content = part.get("content", part.get("value", ""))
        out.append(f"--{boundary}\r\nContent-Disposition: {disposition}\r\n{head}\r\n".encode())
        out.append(content.encode("latin-1") if "filename" in part else content.encode())
        out.append(b"\r\n")
    out.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(out)

"""Bytes of one connection to requests, by httptools; what arrives is collected, nothing is decided here."""

from collections import deque

import httptools

from pbe.errors import BadRequest
from pbe.web.body import Body
from pbe.web.headers import Headers, RawHeaders
from pbe.web.limits import Limits
from pbe.web.refusal import HEAD_TOO_LARGE, Refusal, Refused, framing_fault, head_fault, target_fault
from pbe.web.request import Request

#: Framing bytes (chunk heads, trailers) a client may spend besides its body's own: the fixed part.
OVERHEAD_BYTES_MAX = 64 * 1024


class Inbound:
    """Feeds on bytes and fills `ready` with requests and, last, a refusal.

    A request is ready when its head is; its body is fed as it comes. After a refusal, or a request that ends the
    connection, nothing more is read. An offer to upgrade stops the reading too: what follows waits in `leftover` until
    `take_leftover` or `go_on`.
    """

    __slots__ = (
        "_head_bytes",
        "_headers",
        "_in_head",
        "_limits",
        "_overhead",
        "_parser",
        "_replaying",
        "_target",
        "ended",
        "leftover",
        "local",
        "peer",
        "ready",
        "receiving",
        "secure",
    )

    def __init__(self, limits: Limits, *, peer: str, local: bool, secure: bool) -> None:
        self._limits = limits
        self.peer = peer
        self.local = local
        self.secure = secure
        self.ready: deque[Request | Refusal] = deque()
        self.receiving: Request | None = None  # its body is still on the way
        self.leftover: bytes | None = None  # bytes after an offer to upgrade
        self.ended = False  # nothing more will be read
        self._in_head = False
        self._head_bytes = 0
        self._overhead = 0
        self._target = b""
        self._headers: RawHeaders = []
        self._replaying = False
        self._parser = httptools.HttpRequestParser(self)

    @property
    def in_head(self) -> bool:
        """Whether a request's head has begun and not ended."""
        return self._in_head

    def feed(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self.ended:
            return
        if self.leftover is not None:
            self.leftover += data
            return
        try:
            self._parser.feed_data(data)
            self._count(len(data))
        except httptools.HttpParserUpgrade as offer:
            self._upgrade_offered(data[offer.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(framing_fault(error))
        except Refused as refused:
            self._refuse(refused.refusal)

    def take_leftover(self) -> bytes:
        """The bytes after an accepted upgrade; the connection is no longer ours."""
        leftover, self.leftover = self.leftover or b"", None
        self.ended = True
        return leftover

    def go_on(self) -> None:
        """The upgrade was not taken: go on reading requests."""
        if self.leftover is not None:
            leftover, self.leftover = self.leftover, None
            self._parser = httptools.HttpRequestParser(self)
            if leftover:
                self.feed(leftover)

    def fail(self, error: BadRequest) -> None:
        """No more bytes will come: the body on its way gets `error`."""
        self.ended = True
        if self.receiving is not None:
            self.receiving.reader.fail(error)
            self.receiving = None

    # what httptools calls

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._replaying:
            return
        if self.ended:
            raise Refused(Refusal(400, "Data after the last request."))
        self._in_head = True
        self._head_bytes = 0
        self._target = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        if not self._replaying:
            self._head_bytes += len(url)
            if self._head_bytes > self._limits.head_bytes_max:
                raise Refused(HEAD_TOO_LARGE)
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or one trailer, which is dropped."""
        if self._replaying or not self._in_head:
            return
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > self._limits.head_bytes_max or len(self._headers) >= self._limits.headers_max:
            raise Refused(HEAD_TOO_LARGE)
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """A head is complete: a request is ready."""
        if self._replaying:
            return
        self._in_head = False
        method, version, headers = self._parser.get_method().decode(), self._parser.get_http_version(), self._headers
        target = _origin_form(self._target, headers)
        fault = head_fault(method, version, headers) or target_fault(target)
        if fault is not None:
            raise Refused(fault)
        length = _announced_length(headers)
        request = Request(
            method,
            target,
            Headers(headers),
            peer=self.peer,
            local=self.local,
            secure=self.secure,
            version=version,
            reader=Body(length),
        )
        request.keep_alive = self._parser.should_keep_alive()
        request.upgrade = self._parser.should_upgrade()
        self.receiving = request
        self._overhead = OVERHEAD_BYTES_MAX
        self.ready.append(request)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self.receiving is not None:
            self.receiving.reader.feed(data)
            self._overhead += 16 * len(data)

    def on_message_complete(self) -> None:
        """A request is complete."""
        if self.receiving is not None:
            if self.receiving.upgrade and self.receiving.reader.length != 0:
                return  # its body follows and is read in _upgrade_offered
            self.receiving.reader.finish()
            if not self.receiving.keep_alive:
                self.ended = True
            self.receiving = None
        self._replaying = False

    # what follows from it

    def _count(self, size: int) -> None:
        """Bound what is inside the parser and was not handed out yet: half a header, a chunk's extension."""
        if self._in_head:
            self._head_bytes += size
            if self._head_bytes > 2 * self._limits.head_bytes_max:
                raise Refused(HEAD_TOO_LARGE)
        elif self.receiving is not None and self.receiving.reader.length is None:
            self._overhead -= size
            if self._overhead < 0:
                raise Refused(Refusal(400, "Malformed chunked body."))

    def _refuse(self, refusal: Refusal) -> None:
        self.ended = True
        if self.receiving is not None:
            receiving, self.receiving = self.receiving, None
            receiving.reader.fail(BadRequest(refusal.message))
            receiving.keep_alive = False
        else:
            self.ready.append(refusal)

    def _upgrade_offered(self, rest: bytes) -> None:
        """Stop at the head of an offered upgrade; one that has a body is read as an ordinary request."""
        request = self.receiving
        if request is None or not request.upgrade or request.reader.length == 0:
            self.leftover = rest
            return
        request.upgrade = False
        length = request.reader.length
        framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        self._replaying = True
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n\r\n")
        if rest:
            self.feed(rest)


def _announced_length(headers: RawHeaders) -> int | None:
    """The body's length by the head, None for chunks."""
    for name, value in headers:
        if name == b"content-length":
            return int(value)
        if name == b"transfer-encoding":
            return None
    return 0


def _origin_form(target: bytes, headers: RawHeaders) -> bytes:
    """The path of a target that names a whole URL; its host replaces the header, as RFC 9112 §3.2.2 asks."""
    if target.startswith(b"/"):
        return target.partition(b"#")[0]
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        return target
    cut = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    host, path = rest[:cut], rest[cut:]
    headers[:] = [pair for pair in headers if pair[0] != b"host"]
    headers.append((b"host", host))
    return path if path.startswith(b"/") else b"/" + path

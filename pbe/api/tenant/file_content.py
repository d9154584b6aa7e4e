"""A stored file as an answer: its headers, whole or in parts, a piece at a time from the disk."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from pbe.api.tenant.file_range import (
    RangeError,
    Span,
    http_date,
    precondition,
    spans,
    wanted_range,
)
from pbe.storage.workers import Runs
from pbe.tenant.file_store import StoredFile
from pbe.web.request import Request
from pbe.web.response import Response, ResponseBody

PIECE_BYTES = 256 * 1024
INLINE_KINDS = frozenset({
    "image/png", "image/jpg", "image/jpeg", "image/gif", "image/webp", "image/x-icon", "image/bmp",
    "video/webm", "video/mp4", "video/3gpp", "video/quicktime", "video/x-ms-wmv",
    "audio/basic", "audio/aiff", "audio/mpeg", "audio/midi", "audio/mp3", "audio/wave", "audio/wav", "audio/x-wav",
    "audio/x-mpeg", "audio/x-m4a", "audio/aac",
    "application/pdf", "application/x-pdf",
})  # fmt: skip
"""What a browser may show; anything else, html and svg first of all, is only ever a download."""
_BY_EXTENSION = {
    ".svg": "image/svg+xml",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_POLICY = b"default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
_CACHED = b"max-age=2592000, stale-while-revalidate=86400"
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


async def serve(request: Request, stored: StoredFile, name: str, workers: Runs) -> Response:
    """The answer to a GET or HEAD of the file under `name`, which has no unsafe characters."""
    etag = '"' + hashlib.blake2b(f"{name}:{stored.size}".encode(), digest_size=12).hexdigest() + '"'
    shown = stored.kind in INLINE_KINDS and request.query_value("download") not in _TRUE
    disposition = f'{"inline" if shown else "attachment"}; filename="{name}"'
    kind = _BY_EXTENSION.get(Path(name).suffix, stored.kind).encode()
    headers = [(b"Content-Disposition", disposition.encode()), (b"Content-Security-Policy", _POLICY)]
    validators = [
        (b"Cache-Control", _CACHED),
        (b"Last-Modified", http_date(stored.modified_s).encode()),
        (b"Etag", etag.encode()),
    ]
    header = request.headers.get
    status = precondition(header, etag, stored.modified_s)
    if status == 304:
        return Response(304, headers + validators)
    headers.append((b"Content-Type", kind))
    if status == 412:
        return Response(412, headers + validators)
    try:
        parts = spans(wanted_range(header, etag, stored.modified_s), stored.size)
    except RangeError as error:
        return _not_satisfiable(headers, error, stored.size)
    headers = [*headers, *validators, (b"Accept-Ranges", b"bytes")]
    if len(parts) > 1:
        return await _parts(request, stored, headers, parts, kind, workers)
    span = parts[0] if parts else Span(0, stored.size)
    headers.append((b"Content-Length", b"%d" % span.length))
    if parts:
        headers.append((b"Content-Range", span.content_range(stored.size).encode()))
    body = await _body(request, stored.path, [(b"", span)], b"", workers)
    return Response(206 if parts else 200, headers, body)


def _not_satisfiable(headers: list[tuple[bytes, bytes]], error: RangeError, size: int) -> Response:
    """416 in plain text, as Go's server says it."""
    kept = [pair for pair in headers if pair[0] != b"Content-Type"]
    kept.append((b"Content-Type", b"text/plain; charset=utf-8"))
    if error.overlap:
        kept.append((b"Content-Range", b"bytes */%d" % size))
    return Response(416, kept, f"{error}\n".encode())


async def _parts(
    request: Request,
    stored: StoredFile,
    headers: list[tuple[bytes, bytes]],
    parts: list[Span],
    kind: bytes,
    workers: Runs,
) -> Response:
    """Several ranges in one body, multipart/byteranges."""
    boundary = secrets.token_hex(30).encode()
    pieces: list[tuple[bytes, Span]] = []
    for position, span in enumerate(parts):
        head = b"%b--%b\r\nContent-Range: %b\r\nContent-Type: %b\r\n\r\n" % (
            b"\r\n" if position else b"",
            boundary,
            span.content_range(stored.size).encode(),
            kind,
        )
        pieces.append((head, span))
    tail = b"\r\n--%b--\r\n" % boundary
    length = sum(len(head) + span.length for head, span in pieces) + len(tail)
    kept = [pair for pair in headers if pair[0] != b"Content-Type"]
    kept.append((b"Content-Type", b"multipart/byteranges; boundary=" + boundary))
    kept.append((b"Content-Length", b"%d" % length))
    return Response(206, kept, await _body(request, stored.path, pieces, tail, workers))


async def _body(
    request: Request, path: Path, pieces: list[tuple[bytes, Span]], tail: bytes, workers: Runs
) -> ResponseBody:
    """The pieces, each after its own head: as bytes where they are few, else read as the client takes them."""
    if request.method == "HEAD":
        return b""
    if sum(span.length for _, span in pieces) <= PIECE_BYTES:
        return b"".join([await workers.run(_read_all, path, pieces), tail])
    return _stream(path, pieces, tail, workers)


async def _stream(path: Path, pieces: list[tuple[bytes, Span]], tail: bytes, workers: Runs) -> AsyncIterator[bytes]:
    # The file stays open for as long as it is read: the cache may drop its name meanwhile.
    file = await workers.run(path.open, "rb")
    try:
        for head, span in pieces:
            if head:
                yield head
            at, end = span.start, span.start + span.length
            while at < end:
                data = await workers.run(_read_at, file, at, min(PIECE_BYTES, end - at))
                if not data:
                    raise OSError(f"{path} is shorter than it was")
                at += len(data)
                yield data
        if tail:
            yield tail
    finally:
        file.close()


def _read_all(path: Path, pieces: list[tuple[bytes, Span]]) -> bytes:
    with path.open("rb") as file:
        return b"".join(head + _read_at(file, span.start, span.length) for head, span in pieces)


def _read_at(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)

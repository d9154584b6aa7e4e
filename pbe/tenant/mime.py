"""The type of a content by its first bytes."""

_SIGNATURES: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"BM", 0, "image/bmp"),
    (b"%PDF-", 0, "application/pdf"),
    (b"PK\x03\x04", 0, "application/zip"),
    (b"\x1f\x8b\x08", 0, "application/gzip"),
    (b"ID3", 0, "audio/mpeg"),
    (b"OggS", 0, "application/ogg"),
    (b"ftyp", 4, "video/mp4"),
    (b"\x1aE\xdf\xa3", 0, "video/webm"),
)
_EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/bmp": ".bmp",
    "image/svg+xml": ".svg",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "audio/mpeg": ".mp3",
    "application/ogg": ".ogg",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "text/html; charset=utf-8": ".html",
    "text/xml; charset=utf-8": ".xml",
    "application/json": ".json",
    "text/plain; charset=utf-8": ".txt",
}
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<p>", b"<div", b"<h1", b"<!--")
OCTETS = "application/octet-stream"


def sniff(head: bytes) -> str:
    """The type of a content that begins with `head`."""
    for signature, at, kind in _SIGNATURES:
        if head.startswith(signature, at):
            return kind
    return _text_kind(head)


def _text_kind(head: bytes) -> str:
    if any(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head):
        return OCTETS
    begin = head.lstrip(b" \t\r\n\xef\xbb\xbf")[:512].lower()
    if b"<svg" in begin:
        return "image/svg+xml"
    if begin.startswith(
        (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<p>", b"<div", b"<h1", b"<!--")
    ):
        return "text/html; charset=utf-8"
    if begin.startswith(b"<?xml"):
        return "text/xml; charset=utf-8"
    if begin.startswith((b"{", b"[")) and begin.rstrip().endswith((b"}", b"]")):
        return "application/json"
    return "text/plain; charset=utf-8"


def extension(kind: str) -> str:
    """The extension of a type, with its dot; "" for an unknown one."""
    return _EXTENSIONS.get(kind, "")


def same(kind: str, wanted: str) -> bool:
    """Whether two types are the same, parameters aside."""
    return kind.partition(";")[0].strip().lower() == wanted.partition(";")[0].strip().lower()

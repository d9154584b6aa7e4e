"""What kind of text a content is. Observed of the stock server."""

import csv
import json
import re
from typing import Any

READ_BYTES = 3072
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\0\0\xfe\xff", "utf-32be"),
    (b"\xff\xfe\0\0", "utf-32le"),
    (b"\xfe\xff", "utf-16be"),
    (b"\xff\xfe", "utf-16le"),
)
_BINARY = frozenset([*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)])
_HTML = re.compile(
    rb"<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P)(?=[ >])|<!--", re.I
)
_XML_ROOTS = (
    (b"<rss", b"", "application/rss+xml"),
    (b"<feed", b"http://www.w3.org/2005/Atom", "application/atom+xml"),
    (b"<kml", b"http://www.opengis.net/kml/2.2", "application/vnd.google-earth.kml+xml"),
    (b"<kml", b"http://earth.google.com/kml/2", "application/vnd.google-earth.kml+xml"),
    (b"<html", b"http://www.w3.org/1999/xhtml", "application/xhtml+xml"),
    (b"<gpx", b"http://www.topografix.com/GPX/1/1", "application/gpx+xml"),
    (b"<COLLADA", b"http://www.collada.org/2005/11/COLLADASchema", "model/vnd.collada+xml"),
)
_SVG = re.compile(rb"<!DOCTYPE svg|<svg\b", re.I)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([^"']+)["']""", re.I)
_SCRIPTS = {
    "python": "text/x-python", "python2": "text/x-python", "python3": "text/x-python", "perl": "text/x-perl",
    "lua": "text/x-lua", "ruby": "text/x-ruby", "tclsh": "text/x-tcl", "wish": "text/x-tcl", "php": "text/x-php",
    "node": "text/javascript", "nodejs": "text/javascript", "sh": "text/x-shellscript",
    "bash": "text/x-shellscript", "dash": "text/x-shellscript", "zsh": "text/x-shellscript",
    "ksh": "text/x-shellscript", "csh": "text/x-shellscript", "tcsh": "text/x-shellscript",
}  # fmt: skip
_SHEBANG = re.compile(rb"#![ \t]*(?:\S*/)?(?:env[ \t]+)?(\S+)")
_PLAIN = (
    (b"{\\rtf", "text/rtf"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"#EXTM3U", "application/vnd.apple.mpegurl"),
    (b"WEBVTT", "text/vtt"),
    (b"<?php", "text/x-php"),
    (b"<?\n", "text/x-php"),
    (b"<?\r", "text/x-php"),
    (b"<? ", "text/x-php"),
)
_SUBRIP = re.compile(rb"1\r?\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}")
_GEO = frozenset({
    "Feature", "FeatureCollection", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
    "GeometryCollection",
})  # fmt: skip
OCTETS = "application/octet-stream"


def text_kind(head: bytes) -> str:
    """The type of a content that is no known binary format."""
    head = head[:READ_BYTES]
    for bom, charset in _BOMS:
        if head.startswith(bom):
            return _shaped(head[len(bom) :], charset) if charset == "utf-8" else f"text/plain; charset={charset}"
    if not _BINARY.isdisjoint(head):
        return OCTETS
    return _shaped(head, _charset(head))


def _charset(head: bytes) -> str:
    """utf-8, iso-8859-1 or "" where it is neither."""
    if not head:
        return ""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.end < len(head) or len(head) < READ_BYTES or error.reason != "unexpected end of data":
            return "" if any(0x80 <= byte < 0xA0 for byte in head) else "iso-8859-1"
    return "utf-8"


def _shaped(head: bytes, charset: str) -> str:
    """The type of a text by its shape."""
    begin = head.lstrip(b" \t\r\n\x0c")
    if begin.lower().startswith(b"<?xml"):
        return _xml_kind(begin)
    if _HTML.match(begin):
        return "text/html; charset=utf-8"
    for word, kind in _PLAIN:
        if begin.startswith(word):
            return kind
    shebang = _SHEBANG.match(begin)
    if shebang and (script := _SCRIPTS.get(shebang[1].decode("latin-1"))):
        return script
    if _SUBRIP.match(begin):
        return "application/x-subrip"
    return _json_kind(head) or _table_kind(head) or (f"text/plain; charset={charset}" if charset else "text/plain")


def _xml_kind(begin: bytes) -> str:
    for root, space, kind in _XML_ROOTS:
        if root in begin and (not space or space in begin):
            return kind
    if _SVG.search(begin):
        return "image/svg+xml"
    named = _XML_ENCODING.match(begin)
    return f"text/xml; charset={named[1].decode('latin-1') if named else 'utf-8'}".replace("UTF-8", "utf-8")


def _json_kind(head: bytes) -> str:
    """JSON objects and arrays, what is in them where that is known, and lines of them."""
    text = head.decode("utf-8", "replace").strip()
    if not text.startswith(("{", "[")):
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        if _is_lines(text):
            return "application/x-ndjson"
        return "application/json" if text == "[" or (len(head) >= READ_BYTES and _may_go_on(text)) else ""
    if isinstance(value, dict):
        return _object_kind(value)
    return "application/json"


def _object_kind(value: dict[str, Any]) -> str:
    if value.get("type") in _GEO:
        return "application/geo+json"
    asset = value.get("asset")
    if isinstance(asset, dict) and asset.get("version") in ("1.0", "2.0"):
        return "model/gltf+json"
    return "application/json"


def _is_lines(text: str) -> bool:
    lines = text.split("\n")
    try:
        return len(lines) > 1 and all(isinstance(json.loads(line), dict | list) for line in lines[:2])
    except (ValueError, RecursionError):
        return False


def _may_go_on(text: str) -> bool:
    """Whether a text that was cut off began as JSON does."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text) - 1 or "Unterminated" in error.msg
    except RecursionError:
        return False
    return True


def _table_kind(head: bytes) -> str:
    for separator, kind in ((",", "text/csv"), ("\t", "text/tab-separated-values")):
        try:
            lines = head.decode("utf-8", "replace").splitlines()
            if len(head) >= READ_BYTES:
                lines = lines[:-1]
            rows = [row for row in csv.reader(lines, delimiter=separator, strict=True) if row]
        except csv.Error:
            continue
        if len(rows) > 1 and len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows):
            return kind
    return ""

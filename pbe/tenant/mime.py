"""The type of a content by its first bytes, as the stock server tells it, and the extension of a type."""

from pbe.tenant.mime_signatures import binary_kind
from pbe.tenant.mime_text import OCTETS, text_kind

__all__ = ["OCTETS", "extension", "same", "sniff"]

_EXTENSIONS = {
    "application/atom+xml": ".atom", "application/dicom": ".dcm", "application/epub+zip": ".epub",
    "application/fits": ".fits", "application/geo+json": ".geojson", "application/gpx+xml": ".gpx",
    "application/gzip": ".gz", "application/java-archive": ".jar", "application/json": ".json",
    "application/lzip": ".lz", "application/ogg": ".ogg", "application/pdf": ".pdf",
    "application/postscript": ".ps", "application/rss+xml": ".rss",
    "application/vnd.android.package-archive": ".apk", "application/vnd.apache.parquet": ".parquet",
    "application/vnd.apple.mpegurl": ".m3u", "application/vnd.debian.binary-package": ".deb",
    "application/vnd.fdf": ".fdf", "application/vnd.google-earth.kml+xml": ".kml",
    "application/vnd.google-earth.kmz": ".kmz", "application/vnd.microsoft.portable-executable": ".exe",
    "application/vnd.ms-cab-compressed": ".cab", "application/vnd.ms-visio.drawing.main+xml": ".vsdx",
    "application/vnd.oasis.opendocument.graphics": ".odg",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods", "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.rar": ".rar", "application/vnd.rn-realmedia-vbr": ".rmvb",
    "application/vnd.sqlite3": ".sqlite", "application/vnd.tcpdump.pcap": ".pcap", "application/wasm": ".wasm",
    "application/x-7z-compressed": ".7z", "application/x-archive": ".a", "application/x-bittorrent": ".torrent",
    "application/x-bzip2": ".bz2", "application/x-cpio": ".cpio", "application/x-java-applet": ".class",
    "application/x-mach-binary": ".macho", "application/x-msaccess": ".mdb", "application/x-ndjson": ".ndjson",
    "application/x-rpm": ".rpm", "application/x-sharedlib": ".so", "application/x-shockwave-flash": ".swf",
    "application/x-subrip": ".srt", "application/x-tar": ".tar", "application/x-xz": ".xz",
    "application/xhtml+xml": ".html", "application/zip": ".zip", "application/zstd": ".zst", "audio/aac": ".aac",
    "audio/aiff": ".aiff", "audio/amr": ".amr", "audio/basic": ".au", "audio/flac": ".flac",
    "audio/midi": ".midi", "audio/mp4": ".mp4", "audio/mpeg": ".mp3", "audio/musepack": ".mpc",
    "audio/wav": ".wav", "audio/x-m4a": ".m4a", "font/woff": ".woff", "font/woff2": ".woff2",
    "image/apng": ".apng", "image/avif": ".avif", "image/bmp": ".bmp", "image/gif": ".gif",
    "image/heic": ".heic", "image/heic-sequence": ".heic", "image/heif": ".heif",
    "image/heif-sequence": ".heif", "image/jp2": ".jp2", "image/jpeg": ".jpg", "image/jpm": ".jpm",
    "image/jpx": ".jpf", "image/jxl": ".jxl", "image/png": ".png", "image/svg+xml": ".svg",
    "image/tiff": ".tiff", "image/vnd.adobe.photoshop": ".psd", "image/vnd.djvu": ".djvu",
    "image/vnd.dwg": ".dwg", "image/webp": ".webp", "image/x-icon": ".ico", "image/x-xcf": ".xcf",
    "model/gltf+json": ".gltf", "model/gltf-binary": ".glb", "model/vnd.collada+xml": ".dae",
    "text/calendar": ".ics", "text/csv": ".csv", "text/html": ".html", "text/javascript": ".js",
    "text/plain": ".txt", "text/rtf": ".rtf", "text/tab-separated-values": ".tsv", "text/vcard": ".vcf",
    "text/vtt": ".vtt", "text/x-lua": ".lua", "text/x-perl": ".pl", "text/x-php": ".php",
    "text/x-python": ".py", "text/x-ruby": ".rb", "text/x-shellscript": ".sh", "text/x-tcl": ".tcl",
    "text/xml": ".xml", "video/3gpp": ".3gp", "video/3gpp2": ".3g2", "video/matroska": ".mkv",
    "video/mp4": ".mp4", "video/mpeg": ".mpeg", "video/quicktime": ".mov", "video/webm": ".webm",
    "video/x-flv": ".flv", "video/x-m4v": ".m4v", "video/x-ms-asf": ".asf",
}  # fmt: skip


def sniff(head: bytes) -> str:
    """The type of a content that begins with `head`."""
    return binary_kind(head) or text_kind(head)


def extension(kind: str) -> str:
    """The extension of a type, with its dot; "" for an unknown one."""
    return _EXTENSIONS.get(kind.partition(";")[0], "")


def same(kind: str, wanted: str) -> bool:
    """Whether two types are the same, parameters aside."""
    return kind.partition(";")[0].strip().lower() == wanted.partition(";")[0].strip().lower()

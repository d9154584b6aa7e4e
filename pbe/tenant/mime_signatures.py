"""What binary formats begin with. Observed of the stock server, which looks at the first 3072 bytes."""

import re

Signature = tuple[bytes, int, str]

#: (bytes, where, type); the first that fits counts.
SIGNATURES: tuple[Signature, ...] = (
    (b"\xfd7zXZ\0", 0, "application/x-xz"),
    (b"7z\xbc\xaf'\x1c", 0, "application/x-7z-compressed"),
    (b"%PDF-", 0, "application/pdf"),
    (b"%FDF", 0, "application/vnd.fdf"),
    (b"%!PS-Adobe-", 0, "application/postscript"),
    (b"8BPS", 0, "image/vnd.adobe.photoshop"),
    (b"OggS", 0, "application/ogg"),
    (b"acTL", 37, "image/apng"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\xff\x0a", 0, "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", 0, "image/jxl"),
    (b"jP  \r\n\x87\n\0\0\0\x14ftypjp2 ", 4, "image/jp2"),
    (b"jP  \r\n\x87\n\0\0\0\x14ftypjpx ", 4, "image/jpx"),
    (b"jP  \r\n\x87\n\0\0\0\x14ftypjpm ", 4, "image/jpm"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b".EXE", 0, "application/octet-stream"),
    (b"MZ", 0, "application/vnd.microsoft.portable-executable"),
    (b"!<arch>\ndebian-binary", 0, "application/vnd.debian.binary-package"),
    (b"!<arch>", 0, "application/x-archive"),
    (b"II*\0", 0, "image/tiff"),
    (b"MM\0*", 0, "image/tiff"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"\xff\xf3", 0, "audio/mpeg"),
    (b"\xff\xf2", 0, "audio/mpeg"),
    (b"fLaC\0\0\0\x22", 0, "audio/flac"),
    (b"MThd", 0, "audio/midi"),
    (b"MPCK", 0, "audio/musepack"),
    (b"#!AMR", 0, "audio/amr"),
    (b".snd", 0, "audio/basic"),
    (b"\0\0\1\xba", 0, "video/mpeg"),
    (b"\0\0\1\xb3", 0, "video/mpeg"),
    (b"FLV\1", 0, "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", 0, "video/x-ms-asf"),
    (b"\xff\xf1", 0, "audio/aac"),
    (b"\xff\xf9", 0, "audio/aac"),
    (b".RMF", 0, "application/vnd.rn-realmedia-vbr"),
    (b"\x1f\x8b", 0, "application/gzip"),
    (b"BZh", 0, "application/x-bzip2"),
    (b"Rar!\x1a\x07\0", 0, "application/vnd.rar"),
    (b"Rar!\x1a\x07\1\0", 0, "application/vnd.rar"),
    (b"\x28\xb5\x2f\xfd", 0, "application/zstd"),
    (b"LZIP", 0, "application/lzip"),
    (b"MSCF\0\0\0\0", 0, "application/vnd.ms-cab-compressed"),
    (b"\xed\xab\xee\xdb", 0, "application/x-rpm"),
    (b"070707", 0, "application/x-cpio"),
    (b"070701", 0, "application/x-cpio"),
    (b"070702", 0, "application/x-cpio"),
    (b"\xfe\xed\xfa\xce", 0, "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xcf", 0, "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", 0, "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", 0, "application/x-mach-binary"),
    (b"\0asm", 0, "application/wasm"),
    (b"SQLite format 3\0", 0, "application/vnd.sqlite3"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "application/x-ole-storage"),
    (b"wOFF", 0, "font/woff"),
    (b"wOF2", 0, "font/woff2"),
    (b"Standard Jet DB", 4, "application/x-msaccess"),
    (b"Standard ACE DB", 4, "application/x-msaccess"),
    (b"PAR1", 0, "application/vnd.apache.parquet"),
    (b"CWS", 0, "application/x-shockwave-flash"),
    (b"FWS", 0, "application/x-shockwave-flash"),
    (b"ZWS", 0, "application/x-shockwave-flash"),
    (b"glTF\2\0\0\0", 0, "model/gltf-binary"),
    (b"glTF\1\0\0\0", 0, "model/gltf-binary"),
    (b"SIMPLE  =                    T", 0, "application/fits"),
    (b"\xd4\xc3\xb2\xa1", 0, "application/vnd.tcpdump.pcap"),
    (b"\xa1\xb2\xc3\xd4", 0, "application/vnd.tcpdump.pcap"),
    (b"DICM", 128, "application/dicom"),
    (b"d8:announce", 0, "application/x-bittorrent"),
    (b"\0\0\1\0", 0, "image/x-icon"),
    (b"\0\0\2\0", 0, "image/x-icon"),
    (b"gimp xcf", 0, "image/x-xcf"),
    (b"ustar", 257, "application/x-tar"),
)
#: RIFF and FORM containers by the word at 8; what is not named here is unknown.
_CONTAINERS = {
    (b"RIFF", b"WAVE"): "audio/wav",
    (b"RIFF", b"AVI "): "application/octet-stream",
    (b"FORM", b"AIFF"): "audio/aiff",
    (b"AT&T", b""): "image/vnd.djvu",
}
#: Brands of ISO media files, the word at 8 after "ftyp".
_BRANDS = {
    b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif",
    b"heim": "image/heif", b"heis": "image/heif", b"avic": "image/heif", b"hevc": "image/heic-sequence",
    b"hevx": "image/heic-sequence", b"msf1": "image/heif-sequence", b"hevm": "image/heif-sequence",
    b"hevs": "image/heif-sequence", b"avcs": "image/heif-sequence", b"qt  ": "video/quicktime",
    b"M4A ": "audio/x-m4a", b"M4V ": "video/x-m4v", b"M4VH": "video/x-m4v", b"M4VP": "video/x-m4v",
    b"M4B ": "audio/mp4", b"M4P ": "audio/mp4", b"MSNV": "audio/mp4", b"NDAS": "audio/mp4", b"F4A ": "audio/mp4",
    b"F4B ": "audio/mp4",
}  # fmt: skip
_ELF_KINDS = {1: "application/x-object", 2: "application/x-executable", 3: "application/x-sharedlib"}
_DWG = re.compile(rb"AC(?:1\.|10|4021)")
_OPEN_DOCUMENTS = {
    b"application/epub+zip": "application/epub+zip",
    b"application/vnd.oasis.opendocument.text": "application/vnd.oasis.opendocument.text",
    b"application/vnd.oasis.opendocument.spreadsheet": "application/vnd.oasis.opendocument.spreadsheet",
    b"application/vnd.oasis.opendocument.presentation": "application/vnd.oasis.opendocument.presentation",
    b"application/vnd.oasis.opendocument.graphics": "application/vnd.oasis.opendocument.graphics",
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OFFICE_PARTS = (
    (b"word/", _OFFICE + "wordprocessingml.document"),
    (b"xl/", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/", _OFFICE + "presentationml.presentation"),
    (b"visio/", "application/vnd.ms-visio.drawing.main+xml"),
)
_OFFICE_FIRSTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"customXml/", b"[trash]/")


def binary_kind(head: bytes) -> str:
    """The type of a binary format, "" where it is none that is known."""
    if head.startswith(b"PK\3\4"):
        return _zip_kind(head)
    if head.startswith((b"PK\5\6", b"PK\7\x08")):
        return "application/zip"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return _BRANDS.get(brand) or _telephone(brand) or "video/mp4"
    for (outer, inner), kind in _CONTAINERS.items():
        if head.startswith(outer) and (head[8:12] == inner or (not inner and head[4:8] == b"FORM")):
            return kind
    for signature, at, kind in SIGNATURES:
        if head.startswith(signature, at):
            return kind
    return _special_kind(head)


def _telephone(brand: bytes) -> str:
    return {b"3gp": "video/3gpp", b"3g2": "video/3gpp2"}.get(brand[:3], "")


def _special_kind(head: bytes) -> str:
    """Formats that take more than a comparison."""
    if head.startswith(b"\x1aE\xdf\xa3"):
        return _matroska_kind(head)
    if head.startswith(b"\x7fELF") and len(head) >= 18:
        order = "big" if head[5:6] == b"\2" else "little"
        return _ELF_KINDS.get(int.from_bytes(head[16:18], order), "application/x-elf")  # type: ignore[arg-type]
    if head.startswith(b"\xca\xfe\xba\xbe") and len(head) >= 8:
        # A fat binary has few architectures, a class file a version of at least 45.
        return "application/x-java-applet" if head[7] > 0x1E else "application/x-mach-binary"
    if head.startswith(b"BM") and len(head) > 28 and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if head.startswith(b"ID3") and len(head) > 20:
        return "audio/mpeg"
    return "image/vnd.dwg" if _DWG.match(head) and len(head) >= 6 else ""


def _matroska_kind(head: bytes) -> str:
    at = head.find(b"\x42\x82")
    if at >= 0:
        named = head[at + 3 : at + 16]
        if named.startswith(b"webm"):
            return "video/webm"
        if named.startswith(b"matroska"):
            return "video/matroska"
    return ""


def _zip_kind(head: bytes) -> str:
    names = _zip_names(head)
    if names[:1] == [b"mimetype"]:
        content = head[38 : 38 + 60]
        return next((kind for text, kind in _OPEN_DOCUMENTS.items() if content.startswith(text)), "application/zip")
    if any(name.startswith(b"META-INF/MANIFEST.MF") for name in names):
        return "application/java-archive"
    if any(name in (b"AndroidManifest.xml", b"classes.dex", b"resources.arsc") for name in names):
        return "application/vnd.android.package-archive"
    if names and names[0].startswith(_OFFICE_FIRSTS):
        for part, kind in _OFFICE_PARTS:
            if any(name.startswith(part) for name in names):
                return kind
    if any(name == b"doc.kml" for name in names):
        return "application/vnd.google-earth.kmz"
    return "application/zip"


def _zip_names(head: bytes) -> list[bytes]:
    """The names of the entries whose local headers are in sight."""
    names: list[bytes] = []
    at = head.find(b"PK\3\4")
    while at >= 0:
        length = int.from_bytes(head[at + 26 : at + 28], "little")
        names.append(head[at + 30 : at + 30 + length])
        at = head.find(b"PK\3\4", at + 30)
    return names

"""Endings of file names: the media type that each stands for, and the compression that some of them name.

An ending begins with a dot and is compared without regard to case. The types are those of IANA's registry; a comment
says where browsers, or everybody, use another one, or where the registry has two.
"""

from __future__ import annotations

from typing import NamedTuple

from .content import OCTET_STREAM

# The endings that the web needs, and each one whose type differs between Python 3.11 and 3.15, so that an upgrade of
# Python changes no answer. wsgiresp.responses.media_types looks into Python's table for the others.
_ENDINGS = {
    "application/atom+xml": ".atom",
    "application/dash+xml": ".mpd",
    "application/epub+zip": ".epub",
    "application/geo+json": ".geojson",
    "application/geopackage+sqlite3": ".gpkg",
    "application/gpx+xml": ".gpx",  # in no registry
    "application/java-archive": ".jar .war .ear",
    "application/json": ".json .map",  # of source maps: ECMA-426
    "application/jsonl": ".jsonl",
    "application/ld+json": ".jsonld",
    "application/manifest+json": ".webmanifest",
    "application/mathml+xml": ".mathml",
    "application/mbox": ".mbox",
    "application/msword": ".doc",
    "application/ogg": ".ogx",
    "application/pdf": ".pdf",
    "application/pkix-cert": ".cer",
    "application/pkix-crl": ".crl",
    "application/rdf+xml": ".rdf .owl",  # RFC 3870; Python says application/xml
    "application/rss+xml": ".rss",  # in no registry, but what all readers of feeds know
    # text/rtf is registered too, and newer Pythons use it. As text it would get "charset=utf-8", and a document in RTF
    # names its code page itself.
    "application/rtf": ".rtf",
    "application/smil+xml": ".smil",
    "application/sql": ".sql",
    "application/texinfo": ".texi .texinfo",
    "application/toml": ".toml",
    "application/ttml+xml": ".ttml",
    "application/vnd.android.package-archive": ".apk",
    "application/vnd.apache.arrow.file": ".arrow",
    "application/vnd.apache.arrow.stream": ".arrows",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.apple.mpegurl": ".m3u8",
    "application/vnd.apple.pkpass": ".pkpass",
    "application/vnd.comicbook+zip": ".cbz",
    "application/vnd.debian.binary-package": ".deb",
    "application/vnd.google-earth.kml+xml": ".kml",
    "application/vnd.google-earth.kmz": ".kmz",
    "application/vnd.ms-cab-compressed": ".cab",
    "application/vnd.ms-excel.sheet.macroEnabled.12": ".xlsm",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-fontobject": ".eot",
    "application/vnd.ms-outlook": ".msg",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.ms-powerpoint.presentation.macroEnabled.12": ".pptm",
    "application/vnd.ms-word.document.macroEnabled.12": ".docm",
    "application/vnd.oasis.opendocument.graphics": ".odg",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow": ".ppsx",
    "application/vnd.openxmlformats-officedocument.presentationml.template": ".potx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template": ".xltx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template": ".dotx",
    "application/vnd.pmtiles": ".pmtiles",
    "application/vnd.rar": ".rar",
    "application/vnd.sqlite3": ".sqlite .sqlite3",
    "application/vnd.visio": ".vsd",
    "application/wasm": ".wasm",
    # In no registry, from here to the next comment but for XML, YAML and XSLT: the names that everybody uses.
    "application/x-7z-compressed": ".7z",
    "application/x-apple-aspen-config": ".mobileconfig",
    "application/x-apple-diskimage": ".dmg",
    "application/x-bittorrent": ".torrent",
    "application/x-chrome-extension": ".crx",
    "application/x-httpd-php": ".php",
    "application/x-ipynb+json": ".ipynb",
    "application/x-iso9660-image": ".iso",
    "application/x-mobipocket-ebook": ".mobi",
    "application/x-ndjson": ".ndjson",
    "application/x-rpm": ".rpm",
    "application/x-tar": ".tar",
    "application/x-xpinstall": ".xpi",
    "application/xhtml+xml": ".xhtml .xht",
    # RFC 7303 has text/xml for the same, which Python says. As text it would get "charset=utf-8", which wins over the
    # encoding that the document declares (Section 3).
    "application/xml": ".xml .xsd",
    "application/xslt+xml": ".xslt",
    "application/yaml": ".yaml .yml",  # RFC 9512
    "application/zip": ".zip",
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "audio/midi": ".mid .midi",  # in no registry
    "audio/mp4": ".m4a .m4b",
    "audio/mpeg": ".mp3",
    # An .opus file is an Ogg file (RFC 7845, Section 9). audio/opus, which Python says, is for RTP (RFC 7587).
    "audio/ogg": ".oga .ogg .opus .spx",
    "audio/webm": ".weba",  # in no registry
    # audio/matroska is registered, audio/vnd.wave is in an RFC that registers no type, and newer Pythons use both.
    # Browsers know these.
    "audio/x-matroska": ".mka",
    "audio/x-ms-wma": ".wma",
    "audio/x-wav": ".wav",
    "font/collection": ".ttc",
    "font/otf": ".otf",
    "font/ttf": ".ttf",
    "font/woff": ".woff",
    "font/woff2": ".woff2",
    "image/apng": ".apng",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/emf": ".emf",
    "image/fits": ".fits",
    "image/g3fax": ".g3",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/jp2": ".jp2",
    "image/jpeg": ".jpg .jpeg .jfif",
    "image/jpm": ".jpm",
    "image/jpx": ".jpx",
    "image/jxl": ".jxl",
    "image/ktx2": ".ktx2",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/t38": ".t38",
    "image/tiff": ".tif .tiff",
    "image/tiff-fx": ".tfx",
    "image/vnd.adobe.photoshop": ".psd",
    "image/vnd.djvu": ".djvu",
    "image/vnd.dwg": ".dwg",
    "image/vnd.dxf": ".dxf",
    # Registered, and used by Python. The other name in use is image/x-icon, which is the same for browsers.
    "image/vnd.microsoft.icon": ".ico",
    "image/vnd.radiance": ".hdr",
    "image/webp": ".webp",
    "image/wmf": ".wmf",
    "image/x-icon": ".cur",  # in no registry
    "model/3mf": ".3mf",
    "model/gltf+json": ".gltf",
    "model/gltf-binary": ".glb",
    "model/step": ".step .stp",
    "model/stl": ".stl",
    "model/vnd.usdz+zip": ".usdz",
    "text/calendar": ".ics",
    "text/css": ".css",
    "text/csv": ".csv",
    "text/html": ".html .htm",
    "text/javascript": ".js .mjs .cjs",  # RFC 9239; Python 3.11 says application/javascript
    "text/markdown": ".md .markdown",
    "text/plain": ".txt .text .log",
    "text/tab-separated-values": ".tsv",
    "text/turtle": ".ttl",
    "text/vcard": ".vcf",  # RFC 6350; Python says text/x-vcard
    "text/vtt": ".vtt",
    "text/wgsl": ".wgsl",
    "text/x-rst": ".rst",  # in no registry
    # Both are registered for these, and Python says audio/…; a player of videos takes a file without a picture, too.
    "video/3gpp": ".3gp .3gpp",
    "video/3gpp2": ".3g2 .3gpp2",
    "video/iso.segment": ".m4s",
    # A module of TypeScript ends in .ts as well; no browser runs it, and a player of HLS asks for segments.
    "video/mp2t": ".ts .m2t .m2ts",
    "video/mp4": ".mp4",
    "video/mpeg": ".mpeg .mpg",
    "video/ogg": ".ogv",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    # video/matroska, video/matroska-3d and video/vnd.avi are registered, and newer Pythons use them. Browsers know
    # these.
    "video/x-flv": ".flv",
    "video/x-m4v": ".m4v",
    "video/x-matroska": ".mkv",
    "video/x-matroska-3d": ".mk3d",
    "video/x-ms-wmv": ".wmv",
    "video/x-msvideo": ".avi",
}

MEDIA_TYPES = {ending: media_type for media_type, endings in _ENDINGS.items() for ending in endings.split()}
"""The media type of each ending that this module knows, in lower case and without those of compressed files."""

# The type of a compressed file in itself, and the content coding of HTTP (RFC 9110, Section 8.4.1) where a browser
# knows one. Brotli has no file format and no media type.
_COMPRESSED = {
    ".gz": ("application/gzip", "gzip"),
    ".zst": ("application/zstd", "zstd"),
    ".br": (OCTET_STREAM, "br"),
    ".bz2": ("application/x-bzip2", None),
    ".lz": ("application/x-lzip", None),
    ".lzma": ("application/x-lzma", None),
    ".xz": ("application/x-xz", None),
    ".z": ("application/x-compress", None),
}
_SHORT_FOR = {
    ".svgz": (".svg", ".gz"),
    ".taz": (".tar", ".gz"),
    ".tbz": (".tar", ".bz2"),
    ".tbz2": (".tar", ".bz2"),
    ".tgz": (".tar", ".gz"),
    ".tlz": (".tar", ".lzma"),
    ".txz": (".tar", ".xz"),
    ".tz": (".tar", ".gz"),
    ".tzst": (".tar", ".zst"),
}

_PAGE_PARTS = (
    *(".html", ".htm", ".xhtml", ".css", ".js", ".mjs", ".cjs", ".wasm", ".map", ".webmanifest"),
    *(".svg", ".ico", ".ttf", ".otf", ".eot", ".vtt", ".gltf", ".glb", ".wgsl"),
    *(".data", ".symbols.json", ".bundle", ".mem", ".pck"),  # of Unity, Emscripten and Godot
)


class Compression(NamedTuple):
    """How a file is compressed, by the ending of its name: the name of its content, its own media type, and the coding.

    ``coding``: the content coding that browsers decode, None if they know none for this compression.
    """

    content_name: str
    media_type: str
    coding: str | None


def ending(name: str) -> str:
    """Return the last ending of *name*, without a folder, in lower case; empty for ``README`` and for ``.profile``."""
    stem, dot, suffix = name.rpartition(".")
    return (dot + suffix).lower() if stem else ""


def compression(name: str) -> Compression | None:
    """Return how the file *name*, without a folder, is compressed; None where its ending names no compression."""
    last = ending(name)
    inner, outer = _SHORT_FOR.get(last, ("", last))
    if outer not in _COMPRESSED:
        return None
    return Compression(name[: -len(last)] + inner, *_COMPRESSED[outer])


def is_page_part(name: str) -> bool:
    """Return whether browsers load files such as *name* as a page or a part of one, so that they have to unpack it.

    Users rather save files that are not listed: data, texts, archives.
    """
    return ending(name) != "" and name.lower().endswith(_PAGE_PARTS)

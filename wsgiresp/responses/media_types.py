"""Media type of a file, by the suffix of its name."""

from __future__ import annotations

import functools
import mimetypes

from wsgiresp._protocol.content import OCTET_STREAM

# What a compressed file is, in itself: sent as what it holds, with or without a Content-Encoding, some browsers unpack
# it on the way to the disk and keep the name.
_COMPRESSED = {
    "br": OCTET_STREAM,
    "bzip2": "application/x-bzip2",
    "compress": "application/x-compress",
    "gzip": "application/gzip",
    "xz": "application/x-xz",
}

# What the standard library learns from the files of the machine alone, so that no answer depends on them. From the
# registry of media types at IANA; .m4v, .mkv and .weba, which are in no registry, as browsers have them.
_NOT_BUILT_IN = {
    ".7z": "application/x-7z-compressed",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".epub": "application/epub+zip",
    ".flac": "audio/flac",
    ".ics": "text/calendar",
    ".jsonl": "application/jsonl",
    ".m4a": "audio/mp4",
    ".m4v": "video/x-m4v",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mkv": "video/x-matroska",
    ".ndjson": "application/x-ndjson",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".otf": "font/otf",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".ttf": "font/ttf",
    ".weba": "audio/webm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def guessed(name: str) -> str:
    """Return the media type for the end of *name*, ``application/octet-stream`` for an unknown one."""
    stem, dot, suffix = name.rpartition(".")
    return _of_suffix(dot + suffix) if stem else OCTET_STREAM


@functools.lru_cache(1024)
def _of_suffix(suffix: str) -> str:
    media_type, coding = mimetypes.guess_type("file" + suffix)
    if coding is not None:
        return _COMPRESSED.get(coding, OCTET_STREAM)
    return media_type or _NOT_BUILT_IN.get(suffix.lower(), OCTET_STREAM)

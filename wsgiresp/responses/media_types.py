"""The media type of a file, guessed from its name."""

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


def guessed(name: str) -> str:
    """Return the media type for the end of *name*, ``application/octet-stream`` for an unknown one."""
    stem, dot, suffix = name.rpartition(".")
    return _of_suffix(dot + suffix) if stem else OCTET_STREAM


@functools.lru_cache(1024)
def _of_suffix(suffix: str) -> str:
    media_type, coding = mimetypes.guess_type("file" + suffix)
    if coding is not None:
        return _COMPRESSED.get(coding, OCTET_STREAM)
    return media_type or OCTET_STREAM

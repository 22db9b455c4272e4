"""Content names of file objects: the file name that fits the bytes of an object, which is not always its own name.

``gzip.open("notes.txt.gz")`` has the name of the compressed file and gives the bytes of ``notes.txt``; a member of a
tar archive has the name of the archive in Python 3.11. The modules that make such objects are looked up among those
that are imported already: there is no object of theirs without its module, and to import them all takes milliseconds.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from wsgiresp._protocol.file_endings import compression

_DECOMPRESSORS = (
    ("gzip", "GzipFile"),
    ("bz2", "BZ2File"),
    ("lzma", "LZMAFile"),
    ("compression.zstd", "ZstdFile"),
    ("backports.zstd", "ZstdFile"),
)
_PLAIN = (io.FileIO, io.BytesIO)
_BUFFERED = (io.BufferedReader, io.BufferedRandom)
_DEPTH = 8  # objects that wrap one another, at most


def content_name(handle: Any) -> tuple[str, bool]:
    """Return the content name of *handle*, empty if it is not known, and whether the bytes are those on disk.

    They are not if they come out of an archive or of a compressed file; they are not compressed then, whatever the
    ending of the name. An object of an unknown kind whose own name is that of a compressed file may give the bytes from
    before or from after the compression, so its content name is not known.
    """
    kind = type(handle)
    if kind in _PLAIN or (kind in _BUFFERED and type(handle.raw) in _PLAIN):
        return _own_name(handle), True  # most objects; to ask for each other kind takes 5 us
    return _content_name(handle, _DEPTH)


def _content_name(handle: Any, depth: int) -> tuple[str, bool]:
    if depth == 0:
        return "", False
    name = _own_name(handle)
    if _is_a(handle, "zipfile", "ZipExtFile"):
        return name, False
    if _is_a(handle, "tarfile", "ExFileObject"):
        return _member_name(handle.raw), False
    if any(_is_a(handle, module, kind) for module, kind in _DECOMPRESSORS):
        return _unpacked_name(handle, name, depth), False
    if isinstance(handle, _BUFFERED) and not isinstance(handle.raw, _PLAIN):
        return _content_name(handle.raw, depth - 1)
    if compression(os.path.basename(name)) is not None and not _is_plain(handle, depth):
        return "", False
    return name, True


def _is_a(handle: Any, module: str, kind: str) -> bool:
    return isinstance(handle, getattr(sys.modules.get(module), kind, ()))


def _own_name(handle: Any) -> str:
    # The name of a file that was opened by its descriptor is a number.
    name = getattr(handle, "name", None)
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else ""


def _member_name(raw: Any) -> str:
    """Return the name of the member of a tar archive, empty where *raw* knows only the name of the archive."""
    name = _own_name(raw)
    return "" if name == _own_name(getattr(raw, "fileobj", None)) else name


def _unpacked_name(handle: Any, name: str, depth: int) -> str:
    inner = getattr(handle, "fileobj", None)
    if name == _own_name(inner):
        name, _ = _content_name(inner, depth - 1)
    folder, base = os.path.split(name)
    packed = compression(base)
    return name if packed is None else os.path.join(folder, packed.content_name)


def _is_plain(handle: Any, depth: int) -> bool:
    """Return whether *handle* gives the bytes of the file that it is named after, as they are on disk."""
    if depth == 0:
        return False
    if isinstance(handle, _BUFFERED):
        handle = handle.raw
    # The files of tempfile and of Django have the one that they stand for as their .file.
    inner = getattr(handle, "file", None)
    return isinstance(handle, _PLAIN) if inner is None else _is_plain(inner, depth - 1)

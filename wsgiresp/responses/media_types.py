"""Content-Type and Content-Encoding of a file, by the ending of its name.

The types are those of ``media_types`` that the application gives, then of our own table, then of the table that is
built into Python. The tables of the machine (``/etc/mime.types``, the registry of Windows) and types that a program
has added to ``mimetypes`` are not used: one file must not have two types on two machines. So nothing here calls
``mimetypes``, whose functions and class read those files first; its table is taken as its import leaves it.

A file that is compressed on disk is sent in one of two ways. A file that users save has the type of its compression and
no Content-Encoding, since a browser would unpack it and keep the name that ends in ``.gz``. A part of a page has the
type of its content, and a Content-Encoding.
"""

from __future__ import annotations

import functools
import mimetypes
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from wsgiresp._protocol.content import OCTET_STREAM, content_type
from wsgiresp._protocol.file_endings import MEDIA_TYPES, Compression, compression, ending, is_page_part
from wsgiresp._protocol.header_validation import Field

# This private table exists since Python 3.7, and no call of mimetypes changes it. If it is missing, endings that our
# own table lacks are application/octet-stream.
_TYPES: Mapping[str, str] = {**vars(mimetypes).get("_types_map_default", {}), **MEDIA_TYPES}

_ENDINGS = re.compile(r"(?:\.[^./\\\x00-\x20\x7f]+)+")
_UNKNOWN = (OCTET_STREAM, None)
_NO_STEM = frozenset({"", "/", os.sep})


class MediaTypes(Mapping[str, str]):
    """``media_types`` of an application, checked and copied: the media type of each ending, in lower case.

    An ending may have several parts (``.tar.gz``); of two that fit a name the longer one counts. *what* names the
    argument in errors: ``TypeError`` unless it maps text to text, ``ValueError`` for a key that is no ending, a value
    that is no media type, and an ending that occurs twice.
    """

    __slots__ = ("_by_ending", "_parts")

    def __init__(self, what: str, given: Mapping[str, str]) -> None:
        if not isinstance(given, Mapping):
            raise TypeError(f'{what} must be a mapping such as {{".ext": "type/subtype"}}, got {given!r}')
        self._by_ending: dict[str, str] = {}
        for key, media_type in given.items():
            key = _checked(what, key, media_type)
            if key in self._by_ending:
                raise ValueError(f"{what} must have each ending once, without regard to case, got {key!r} twice")
            self._by_ending[key] = media_type
        self._parts = max((key.count(".") for key in self._by_ending), default=0)  # of the longest ending

    @classmethod
    def of(cls, what: str, given: Mapping[str, str]) -> MediaTypes:
        """Return *given* itself where it is checked already, else a checked copy."""
        return given if isinstance(given, cls) else cls(what, given)

    def of_name(self, name: str) -> str | None:
        """Return the media type of the longest ending that fits *name*, which has no folder; None where none fits."""
        # As many dots as the longest ending has: a name may come from a request, and have any number of them.
        parts = name.lower().rsplit(".", self._parts)
        for place in range(1, len(parts)):
            found = self._by_ending.get("." + ".".join(parts[place:]))
            if found is not None and (place > 1 or parts[0]):  # a name that begins with a dot has no ending
                return found
        return None

    def __getitem__(self, key: str) -> str:
        return self._by_ending[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_ending)

    def __len__(self) -> int:
        return len(self._by_ending)


def guessed(name: str, own: Mapping[str, str] | None = None) -> tuple[str, Compression | None]:
    """Return the media type of the file *name* as it is, and how it is compressed, None where it is not.

    *own*: ``media_types`` of the application; it raises what :class:`MediaTypes` raises. Its type for the ending of a
    compressed file, or for both endings, is that of the file as it is, and the compression is None then. A name without
    a known ending is ``application/octet-stream``.
    """
    stem, _, suffix = name.rpartition(".")
    if stem[-1:] in _NO_STEM:
        return _UNKNOWN
    if own is not None:
        name = os.path.basename(name)
        # Checked here if it was assigned to the class after the class was made.
        found = MediaTypes.of("media_types of FileResponse", own).of_name(name)
        if found is not None:
            return found, None
    known = _of_suffix(suffix)
    if known is not None:
        return known
    packed = compression(os.path.basename(name))
    return _UNKNOWN if packed is None else (packed.media_type, packed)


def unpacked(
    packed: Compression,
    filename: str | None,
    is_shown: bool,
    fields: list[Field],
    own: Mapping[str, str] | None = None,
) -> tuple[str, str] | None:
    """Return Content-Type and Content-Encoding with which a client unpacks the file, None where it is sent as it is.

    *packed*: the compression of the file, by its name. *filename*: the name that is sent to the client, None for none;
    *is_shown*: whether the client is to show the file, and not to save it by that name. A Content-Encoding among
    *fields* was set by the application, and decides.
    """
    given = [value.strip().lower().removeprefix("x-") for name, value in fields if name.lower() == "content-encoding"]
    coding = packed.coding
    if coding is None or (given and given != [coding]):
        return None
    named = packed if filename is None else compression(os.path.basename(filename))
    content_name = named.content_name if named is not None else filename or ""
    if not given and not (
        (is_shown and is_page_part(packed.content_name))
        # Saved by the name of its content: report.csv, which is report.csv.gz on disk.
        or (named is None and ending(content_name) == ending(packed.content_name) != "")
    ):
        return None
    return guessed(content_name, own)[0], coding


@functools.lru_cache(1024)
def _of_suffix(suffix: str) -> tuple[str, None] | None:
    """Return the result of :func:`guessed` for an ending, given without its dot; None for that of a compression."""
    last = "." + suffix.lower()
    if compression("file" + last) is not None:
        return None
    return _TYPES.get(last, OCTET_STREAM), None


def _checked(what: str, key: Any, media_type: Any) -> str:
    """Return *key* in lower case; see :class:`MediaTypes`."""
    for text in (key, media_type):
        if not isinstance(text, str):
            raise TypeError(f"{what} must map str to str, got {text!r}")
    if _ENDINGS.fullmatch(key) is None:
        raise ValueError(f'{what} must map endings such as ".ext", got {key!r}')
    try:
        content_type(media_type, "utf-8")
    except ValueError as error:
        raise ValueError(f"{what}, {key!r}: {error}") from None
    lowered: str = key.lower()
    return lowered

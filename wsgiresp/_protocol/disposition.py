"""Content-Disposition (RFC 6266): a file name that is read back as it was meant, and adds no parameter.

A name may come from a client: the time for its text is linear in its length, and what goes out is short.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from .header_validation import TOKEN

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")

# Readers differ on these in a quoted string: some undo no backslash (RFC 6266, Appendix D), some undo percent-encoding
# (ibid.), some decode the encoded words of RFC 2047.
_AMBIGUOUS = re.compile(r'["\\]|%(?=[0-9A-Fa-f]{2})|=(?=\?)')

_ATTR_CHARS = "!#$&+-.^_`|~"  # RFC 8187, Section 3.2.1, beside letters and digits

_LONGEST = 765
"""Bytes of UTF-8 of a name. No file system in use has longer names: NTFS takes 255 units of 16 bits, which are up to 3
bytes each in UTF-8, and most others take 255 bytes. Percent-encoded these are up to 2,295 bytes, so that the head of
the answer still fits the 4 KiB that nginx has for it by default (``proxy_buffer_size``)."""

_LONGEST_FALLBACK = 255
"""Bytes of the name in ASCII, for readers that know nothing else."""

# An ending such as ".pdf" or ".tar.gz" tells a system how to open the file, so it is kept when a name is cut.
_LONGEST_ENDING = 20  # characters
_ENDING = re.compile(r"(?:\.[^\W_]{1,10}){1,2}\Z")


def content_disposition(filename: str, kind: str = "attachment") -> str:
    """Return the text of a Content-Disposition: ``attachment; filename="naive.txt"; filename*=UTF-8''na%C3%AFve.txt``.

    *filename*: the name to save the content by, in any letters. Path parts (slashes of either kind) and controls are
    dropped, and lone surrogates, which stand for bytes on disk that are no UTF-8, become U+FFFD. For a name of dots and
    blanks alone the text is *kind*. A name is cut to 765 bytes of UTF-8, and the one in ASCII to 255
    bytes; an ending such as ``.pdf`` or ``.tar.gz`` is kept. *kind*: ``attachment``, ``inline`` or another token.

    ``filename*`` is there only where not every reader would take the same name from ``filename``; those who know it
    prefer it (RFC 6266, Section 4.3).

    Raises ``TypeError`` for a *filename* or *kind* that is no ``str``, and ``ValueError`` for a *kind* that is no
    token.

    .. versionadded:: 0.2
    """
    if not isinstance(filename, str):
        raise TypeError(f"filename must be a str, got {filename!r}{_cure(filename)}")
    if not isinstance(kind, str):
        raise TypeError(f"content disposition type must be a str, got {kind!r}")
    if TOKEN.fullmatch(kind) is None:
        raise ValueError(f"content disposition type must be a token (RFC 6266, Section 4.2), got {kind!r}")
    name = _cleaned(filename)
    if not name.strip(". "):
        return kind
    fallback = _ascii_fallback(name)
    value = f'{kind}; filename="{fallback}"'
    if fallback == name:
        return value
    # RFC 8187, Section 3.2.
    return f"{value}; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"


def _cure(filename: object) -> str:
    if hasattr(filename, "__fspath__"):
        return ": pass its name, which is a str"
    if isinstance(filename, (bytes, bytearray)):
        return ": decode it, by os.fsdecode() for example"
    return ""


def _cleaned(filename: str) -> str:
    base = filename.replace("\\", "/").rpartition("/")[2]
    name = _SURROGATES.sub("\ufffd", _CONTROLS.sub("", base))
    # A character takes at most 4 bytes of UTF-8, so most names need no look at these.
    return _cut(name, _LONGEST) if len(name) > _LONGEST // 4 else name


def _cut(name: str, length: int) -> str:
    """Return *name* with at most *length* bytes of UTF-8: it is cut before its ending."""
    octets = name.encode()
    if len(octets) <= length:
        return name
    found = _ENDING.search(name[-_LONGEST_ENDING:])
    ending = "" if found is None else found[0]
    # "ignore" leaves a character out that was cut through.
    return octets[: length - len(ending.encode())].decode("utf-8", "ignore") + ending


def _ascii_fallback(name: str) -> str:
    """Return *name* in ASCII that all readers of a quoted string take alike: without accents, ``_`` for the rest."""
    if not name.isascii():
        name = "".join(letter if letter.isascii() else _ascii_letters(letter) for letter in name)
    fallback = _AMBIGUOUS.sub("_", name)
    if len(fallback) > _LONGEST_FALLBACK:
        fallback = _cut(fallback, _LONGEST_FALLBACK)
    return fallback if fallback.strip(". ") else "_"


def _ascii_letters(letter: str) -> str:
    # NFD and not NFKD, which makes a plain slash of U+FF0F and "a/c" of U+2100. Of one letter at a time: the marks of a
    # whole name would be sorted, which takes CPython quadratic time (python/cpython#149079), only to be left out.
    parts = unicodedata.normalize("NFD", letter)
    return "".join(part if part.isascii() else "_" for part in parts if not unicodedata.combining(part))

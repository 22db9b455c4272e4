"""Content-Disposition (RFC 6266): a file name that is read back as it was meant, and adds no parameter."""

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


def content_disposition(kind: str, filename: str) -> str:
    """Return the text of a Content-Disposition: ``attachment; filename="naive.txt"; filename*=UTF-8''na%C3%AFve.txt``.

    *kind*: ``attachment``, ``inline`` or another token; ``ValueError`` for what is none. Of *filename*, path parts
    (slashes of either kind) and controls are dropped, and lone surrogates, which stand for bytes on disk that are no
    UTF-8, become U+FFFD. A name of dots and blanks alone is none: the text is *kind* then.

    ``filename*`` is there only where not every reader would take the same name from ``filename``; those who know it
    prefer it (RFC 6266, Section 4.3).
    """
    if not isinstance(kind, str):
        raise TypeError(f"content disposition type must be a str, got {kind!r}")
    if TOKEN.fullmatch(kind) is None:
        raise ValueError(f"content disposition type must be a token (RFC 6266, Section 4.2), got {kind!r}")
    if not isinstance(filename, str):
        raise TypeError(f"filename must be a str, got {filename!r}")
    name = _cleaned(filename)
    if not name.strip(". "):
        return kind
    fallback = _ascii_fallback(name)
    value = f'{kind}; filename="{fallback}"'
    if fallback == name:
        return value
    # RFC 8187, Section 3.2.
    return f"{value}; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"


def _cleaned(filename: str) -> str:
    base = filename.replace("\\", "/").rpartition("/")[2]
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", base))


def _ascii_fallback(name: str) -> str:
    """Return *name* in ASCII that all readers of a quoted string take alike: without accents, ``_`` for the rest."""
    if not name.isascii():
        # NFD and not NFKD, which makes a plain slash of U+FF0F and "a/c" of U+2100.
        letters = (letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))
        name = "".join(letter if letter.isascii() else "_" for letter in letters)
    fallback = _AMBIGUOUS.sub("_", name)
    return fallback if fallback.strip(". ") else "_"

"""Paths that come from outside, judged by their text. No look at the disk here."""

from __future__ import annotations

import re

# A device is one under any extension, and Windows drops blanks and dots at the end of a name.
_DEVICE = r"(?:aux|con|conin\$|conout\$|nul|prn|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:[.:][^/]*)?(?=/|\Z)"

# Refused on every system: a path that is harmless on this one is copied to another with the project.
_ESCAPE = re.compile(
    r"\A/"  # absolute
    r"|[\x00\\]"  # the end of a string in C; the other separator, which also begins a network path
    r"|(?:\A|/)(?:[A-Za-z]:"  # a drive
    r"|[. ]*\.\.[. ]*(?=/|\Z)"  # the folder above
    rf"|{_DEVICE})",
    re.IGNORECASE,
)


def stays_beneath(path: str) -> bool:
    """Return whether *path*, relative to a folder, names something in that folder as far as its text goes.

    Not so: absolute paths, ``..`` as a part, backslashes, drives, NUL, and the names of Windows devices. A link may
    still lead out.
    """
    return _ESCAPE.search(path) is None

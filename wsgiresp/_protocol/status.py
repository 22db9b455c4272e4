"""Status lines: a code and its reason phrase, as PEP 3333 gives them to the server."""

from __future__ import annotations

import re

from werkzeug.http import HTTP_STATUS_CODES

# RFC 9112, Section 4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text ).
_LINE = re.compile(r"([1-9][0-9]{2})(?: ([\t\x20-\x7e\xa0-\xff]*))?")

BODILESS = frozenset({*range(100, 200), 204, 205, 304})
"""Codes whose answer has no content (RFC 9110, Sections 15.2, 15.3.5, 15.3.6 and 15.4.5)."""


class _Lines(dict[int, str]):
    def __missing__(self, code: int) -> str:
        if not 100 <= code <= 999:
            raise ValueError(f"status code must be from 100 to 999, got {code!r}")
        # Not kept: a code that came from a client must not make the table grow.
        return f"{code} Unknown"


# RFC 9110, Section 15, and RFC 6585: werkzeug's table is older there.
_RENAMED = {
    203: "Non-Authoritative Information",
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    511: "Network Authentication Required",
}
LINES = _Lines({code: f"{code} {phrase}" for code, phrase in {**HTTP_STATUS_CODES, **_RENAMED}.items()})
"""The status line of each code; a ``ValueError`` for a code outside 100-999."""

LINES_WITH_CONTENT = {code: line for code, line in LINES.items() if code not in BODILESS}
"""The lines of the codes that need no second look: known ones, whose answer has content."""


def parse(status: int | str) -> tuple[str, int]:
    """Return the status line and the code of *status*: a code, or a line such as ``"404 Gone Fishing"``.

    Raises ``ValueError`` for a code outside 100-999, for a text that is not three digits and an optional phrase, and
    for a phrase with a control character or one outside latin-1 (RFC 9112, Section 4); also for a number that is no
    ``int``, since 200.0 and ``True`` are mistakes.
    """
    if isinstance(status, int) and not isinstance(status, bool):
        code = int(status)
        return LINES[code], code
    if not isinstance(status, str):
        raise ValueError(f"status code must be an int, got {status!r}")
    match = _LINE.fullmatch(status.strip(" "))
    if match is None:
        raise ValueError(
            f"status must be three digits, or these and a phrase in latin-1 without controls, got {status!r}"
        )
    code = int(match[1])
    return (f"{code} {match[2]}" if match[2] else LINES[code]), code

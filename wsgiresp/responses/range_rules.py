"""Range rules of a file response: which ranges of which source are sent.

=============================  =========================  ========================================================
What is sent                   Ranges                     Validator
=============================  =========================  ========================================================
a path                         all                        of its ``fstat``: see ``file_validators``
a BytesIO                      all                        SHA-256 of its bytes: see ``file_validators``
another object that can seek   those in ascending order   none, so If-Range never holds (RFC 9110, 13.1.5)
one that cannot                none                       none
``accept_ranges=False``        none                       as above
=============================  =========================  ========================================================
"""

from __future__ import annotations

from wsgiresp._files.file_sources import OpenHandle
from wsgiresp._protocol.header_validation import Field
from wsgiresp._protocol.ranges import Span, ascending, select
from wsgiresp._protocol.representation import has

from .file_answer import Select

_NO_RANGES = ("Accept-Ranges", "none")


def range_rule(opened: object, accepts_ranges: bool) -> Select:
    """Return the function that chooses the spans of *opened*, a byte source, to send for a Range."""
    if not accepts_ranges:
        return _ignore
    return _select_ascending if isinstance(opened, OpenHandle) and not opened.goes_back_cheaply else select


def refuse_ranges(fields: list[Field]) -> None:
    """Add ``Accept-Ranges: none``, which advises clients not to ask for ranges (RFC 9110, Section 14.3).

    It is not added if *fields* have an Accept-Ranges.
    """
    if not has(fields, "accept-ranges"):
        fields.append(_NO_RANGES)


def _ignore(_value: str, _length: int) -> None:
    """Return None: the whole, for any Range."""


def _select_ascending(value: str, length: int) -> list[Span] | None:
    return ascending(select(value, length))

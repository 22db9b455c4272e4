"""HTTP-date, parsed (RFC 9110, Section 5.6.7). No clock here.

``werkzeug.http.parse_date`` will not do: it raises ``OverflowError`` for a year of twenty digits, and takes zones other
than GMT, digits of other scripts and two dates in one field, where conditions with these MUST be ignored.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_DAY_NAME = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY_NAME = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-5][0-9]|60)"

# [0-9] and not \d, which knows the digits of every script.
_IMF_FIXDATE = re.compile(f"{_DAY_NAME}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT")
_RFC850_DATE = re.compile(f"{_LONG_DAY_NAME}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT")
_ASCTIME_DATE = re.compile(f"{_DAY_NAME} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})")


def parse(value: str) -> int | None:
    """Return the moment that *value* names, in seconds since 1970, or None where it is no HTTP-date.

    All three forms are read: IMF-fixdate, and the obsolete ones of RFC 850 and of ``asctime``. The name of the day is
    not held against the date. RFC 9110, Section 5.6.7.
    """
    match = _IMF_FIXDATE.fullmatch(value) or _RFC850_DATE.fullmatch(value) or _ASCTIME_DATE.fullmatch(value)
    if match is None:
        return None
    try:
        minute = datetime(
            _full_year(match["year"]),
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            tzinfo=UTC,
        )
    except ValueError:  # 30 Feb, 24:00, the year 0
        return None
    # Added afterwards: datetime knows no 60th second, the grammar does, for leap seconds.
    return (minute - _EPOCH) // timedelta(seconds=1) + int(match["second"])


def _full_year(digits: str) -> int:
    """Return the year; of two digits, 70-99 are in the 20th century.

    The RFC has them within 50 years from now, which takes a clock to know; no file of today was changed in the 2070s.
    """
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (1900 if year >= 70 else 2000)

"""ISO 8601 texts of dates, times and durations, also of counts of a unit as numpy keeps them.

Integers only: counts of attoseconds and years beyond 9999 fit in no ``datetime``. The units have numpy's names:
``Y``, ``M`` (months), ``W``, ``D``, ``h``, ``m`` (minutes), ``s``, ``ms``, ``us``, ``ns``, ``ps``, ``fs``, ``as``.
"""

from __future__ import annotations

import datetime
import re

_MONTHS = {"Y": 12, "M": 1}
_WHOLE = {"W": 604_800, "D": 86_400, "h": 3600, "m": 60, "s": 1}
# unit: (factor, digits); one unit is factor seconds, divided by 10 ** digits.
_SECONDS = {
    **{unit: (factor, 0) for unit, factor in _WHOLE.items()},
    **{unit: (1, 3 * index) for index, unit in enumerate(("ms", "us", "ns", "ps", "fs", "as"), 1)},
}
_DATES = frozenset({"Y", "M", "W", "D"})  # units of which a count is a date without a time of day
_EPOCH = datetime.datetime(1970, 1, 1)
_FIRST = (datetime.datetime.min - _EPOCH) // datetime.timedelta(seconds=1)
_LAST = (datetime.datetime.max - _EPOCH) // datetime.timedelta(seconds=1)
_CYCLE = 146_097 * 86_400  # seconds of 400 years, after which the Gregorian calendar repeats
_OTHER_YEAR = re.compile(r"(-?\d+)(-\d\d-\d\d.*)", re.S)


def moment_text(count: int, unit: str) -> str:
    """Return the ISO 8601 text of the moment that is *count* times *unit* after 1970-01-01T00:00.

    A date of ten characters for units of a day and longer, else date and time with as many digits of the second as
    ``datetime.isoformat()`` has, 0 or 6; 9, 12, 15 or 18 only if the moment needs them. A year outside of 0 to 9999
    has a sign and at least six digits (ECMA-262, "Expanded Years").
    """
    if unit in _MONTHS:
        years, month = divmod(count * _MONTHS[unit], 12)
        return f"{_year(1970 + years)}-{month + 1:02}-01"
    factor, digits = _SECONDS[unit]
    seconds, fraction = divmod(count * factor, 10**digits)
    if _FIRST <= seconds <= _LAST:
        text = (_EPOCH + datetime.timedelta(0, seconds)).isoformat()
    else:
        cycles, seconds = divmod(seconds, _CYCLE)
        moment = _EPOCH + datetime.timedelta(0, seconds)
        text = _year(moment.year + 400 * cycles) + moment.isoformat()[4:]
    if unit in _DATES:
        return text.partition("T")[0]
    return f"{text}.{_fraction(fraction, digits)}" if fraction else text


def duration(span: datetime.timedelta) -> str:
    """Return *span* as an ISO 8601 duration in days, hours, minutes and seconds: ``P1DT2H0.5S``, ``PT0S``.

    The sign of a negative span stands before the ``P``, for all its parts (ISO 8601-2).
    """
    return _duration((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds, 6)


def duration_text(count: int, unit: str) -> str:
    """Return *count* times *unit* as an ISO 8601 duration, as ``duration()`` does.

    Years and months, which have no fixed number of days, remain years and months: ``P1Y2M``.
    """
    if unit in _MONTHS:
        years, months = divmod(abs(count) * _MONTHS[unit], 12)
        parts = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return f"{'-' if count < 0 else ''}P{parts or 'T0S'}"
    factor, digits = _SECONDS[unit]
    return _duration(count * factor, digits)


def expanded_year(text: str) -> str:
    """Return *text*, a date or time, with its year in the form of ``moment_text()``; text of another form unchanged."""
    match = _OTHER_YEAR.fullmatch(text)
    return _year(int(match[1])) + match[2] if match else text


def _duration(total: int, digits: int) -> str:
    """Return the duration of *total* seconds, divided by ``10 ** digits``."""
    sign = "-" if total < 0 else ""
    seconds, fraction = divmod(abs(total), 10**digits)
    days, seconds = divmod(seconds, 86_400)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    part = f".{fraction:0{digits}}".rstrip("0") if fraction else ""
    clock = f"{hours}H" if hours else ""
    clock += f"{minutes}M" if minutes else ""
    clock += f"{seconds}{part}S" if seconds or part else ""
    if clock or not days:
        clock = "T" + (clock or "0S")
    return f"{sign}P{days}D{clock}" if days else f"{sign}P{clock}"


def _fraction(fraction: int, digits: int) -> str:
    text = f"{fraction:0{digits}}".ljust(6, "0")
    while len(text) > 6 and text.endswith("000"):
        text = text[:-3]
    return text


def _year(year: int) -> str:
    return f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"

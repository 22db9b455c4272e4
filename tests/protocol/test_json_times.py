"""ISO 8601 texts of moments and durations, of every unit that numpy has."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol.json_times import duration, duration_text, expanded_year, moment_text

_DURATION = re.compile(
    r"(?P<sign>-?)P(?=.)(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


# Units of a second and shorter, each a thousandth of the one before.
SUBSECONDS = ("s", "ms", "us", "ns", "ps", "fs", "as")
EPOCH = datetime(1970, 1, 1)


def parsed(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    assert match is not None
    microseconds = Decimal(match["seconds"] or 0) * 10**6
    span = timedelta(days=int(match["days"] or 0), hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    span += timedelta(microseconds=int(microseconds))
    return -span if match["sign"] else span


@pytest.mark.parametrize(
    ("span", "text"),
    [
        pytest.param(timedelta(), "PT0S", id="nothing is zero seconds"),
        pytest.param(timedelta(days=2), "P2D", id="whole days need no T"),
        pytest.param(timedelta(hours=1), "PT1H", id="an hour"),
        pytest.param(timedelta(minutes=90), "PT1H30M", id="minutes make hours"),
        pytest.param(timedelta(seconds=59), "PT59S", id="seconds"),
        pytest.param(timedelta(milliseconds=500), "PT0.5S", id="a fraction has no zeros at its end"),
        pytest.param(timedelta(seconds=60, microseconds=1), "PT1M0.000001S", id="a microsecond after a minute"),
        pytest.param(timedelta(days=1, seconds=7205.25), "P1DT2H5.25S", id="all at once"),
        pytest.param(timedelta(seconds=-1), "-PT1S", id="a negative span has one sign before all its parts"),
        pytest.param(timedelta(days=-1, microseconds=1), "-PT23H59M59.999999S", id="almost a day back"),
        pytest.param(timedelta.max, "P999999999DT23H59M59.999999S", id="the longest"),
        pytest.param(timedelta.min, "-P999999999D", id="the longest back"),
    ],
)
def test_a_duration_is_in_days_hours_minutes_and_seconds(span, text):
    assert duration(span) == text


@given(st.timedeltas())
def test_a_parser_gets_back_the_duration_that_was_written(span):
    assert parsed(duration(span)) == span


@pytest.mark.parametrize(
    ("count", "unit", "text"),
    [
        pytest.param(54, "Y", "2024-01-01", id="a year is its first day"),
        pytest.param(-1, "Y", "1969-01-01", id="a year before the epoch"),
        pytest.param(54 * 12 + 4, "M", "2024-05-01", id="a month is its first day"),
        pytest.param(-1, "M", "1969-12-01", id="a month before the epoch"),
        pytest.param(1, "W", "1970-01-08", id="a week is its first day, a Thursday"),
        pytest.param(19_782, "D", "2024-02-29", id="a day"),
        pytest.param(-1, "D", "1969-12-31", id="a day before the epoch"),
        pytest.param(25, "h", "1970-01-02T01:00:00", id="an hour has its seconds"),
        pytest.param(-1, "m", "1969-12-31T23:59:00", id="a minute before the epoch"),
        pytest.param(1, "s", "1970-01-01T00:00:01", id="a second"),
        pytest.param(1500, "ms", "1970-01-01T00:00:01.500000", id="milliseconds have six digits, as of a datetime"),
        pytest.param(1, "us", "1970-01-01T00:00:00.000001", id="a microsecond"),
        pytest.param(10**9, "ns", "1970-01-01T00:00:01", id="whole seconds in nanoseconds have no fraction"),
        pytest.param(1000, "ns", "1970-01-01T00:00:00.000001", id="whole microseconds have six digits"),
        pytest.param(-1, "ns", "1969-12-31T23:59:59.999999999", id="a nanosecond has nine"),
        pytest.param(1000, "ps", "1970-01-01T00:00:00.000000001", id="whole nanoseconds have nine"),
        pytest.param(1, "ps", "1970-01-01T00:00:00.000000000001", id="a picosecond has twelve"),
        pytest.param(1, "fs", "1970-01-01T00:00:00.000000000000001", id="a femtosecond has fifteen"),
        pytest.param(1, "as", "1970-01-01T00:00:00.000000000000000001", id="an attosecond has eighteen"),
        pytest.param(8029, "Y", "9999-01-01", id="the last year of four digits"),
        pytest.param(8030, "Y", "+010000-01-01", id="a later year has a sign and six digits"),
        pytest.param(2_932_897, "D", "+010000-01-01", id="the first day that no date has"),
        pytest.param(-1969, "Y", "0001-01-01", id="the first year of datetime"),
        pytest.param(-719_163, "D", "0000-12-31", id="the last day that no date has"),
        pytest.param(-1971, "Y", "-000001-01-01", id="a year before the year 0"),
        pytest.param(-(2**63) + 1, "s", "-292277022657-01-27T08:29:53", id="the first second of 64 bits"),
        pytest.param(2**63 - 1, "Y", "+9223372036854777777-01-01", id="the last year of 64 bits"),
    ],
)
def test_a_moment_is_a_date_or_a_date_and_a_time(count, unit, text):
    assert moment_text(count, unit) == text


@given(st.datetimes())
def test_a_moment_in_microseconds_has_the_text_of_its_datetime(moment):
    assert moment_text((moment - EPOCH) // timedelta(microseconds=1), "us") == moment.isoformat()


@given(st.dates())
def test_a_day_has_the_text_of_its_date(day):
    assert moment_text((day - date(1970, 1, 1)).days, "D") == day.isoformat()


@given(st.integers(-(2**63), 2**63), st.sampled_from(SUBSECONDS[:-1]), st.sampled_from([moment_text, duration_text]))
def test_a_finer_unit_changes_no_text(count, unit, text):
    finer = SUBSECONDS[SUBSECONDS.index(unit) + 1]
    assert text(count, unit) == text(count * 1000, finer)


@given(st.integers(-(2**63), 2**63), st.sampled_from(SUBSECONDS))
def test_moments_with_years_of_four_digits_are_in_the_order_of_their_texts(count, unit):
    texts = [moment_text(count, unit), moment_text(count + 1, unit)]
    if all(text[0] not in "+-" and len(text) == len(texts[0]) for text in texts):
        assert texts == sorted(texts)


@given(st.integers(-(2**63), 2**63), st.integers(1, 10**6))
def test_the_calendar_repeats_after_400_years(days, cycles):
    year, rest = split_year(moment_text(days, "D"))
    assert split_year(moment_text(days + 146_097 * cycles, "D")) == (year + 400 * cycles, rest)


def split_year(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"(\d{4}|[+-]\d{6,})(-\d\d-\d\d)", text)
    assert match is not None
    return int(match[1]), match[2]


@pytest.mark.parametrize(
    ("count", "unit", "text"),
    [
        pytest.param(1, "Y", "P1Y", id="a year"),
        pytest.param(1, "M", "P1M", id="a month"),
        pytest.param(14, "M", "P1Y2M", id="months make years"),
        pytest.param(-14, "M", "-P1Y2M", id="a negative span of months"),
        pytest.param(0, "Y", "PT0S", id="no year is zero seconds"),
        pytest.param(2, "W", "P14D", id="weeks are days"),
        pytest.param(3, "D", "P3D", id="days"),
        pytest.param(36, "h", "P1DT12H", id="hours make days"),
        pytest.param(90, "m", "PT1H30M", id="minutes make hours"),
        pytest.param(-1, "s", "-PT1S", id="a second back"),
        pytest.param(36 * 3600 * 10**9, "ns", "P1DT12H", id="hours in nanoseconds"),
        pytest.param(1, "ns", "PT0.000000001S", id="a nanosecond"),
        pytest.param(-15, "as", "-PT0.000000000000000015S", id="attoseconds"),
        pytest.param(2**63 - 1, "W", "P64563604257983430649D", id="the longest of 64 bits"),
    ],
)
def test_a_count_of_a_unit_is_a_duration(count, unit, text):
    assert duration_text(count, unit) == text


@given(st.timedeltas())
def test_a_count_of_microseconds_has_the_text_of_its_timedelta(span):
    assert duration_text(span // timedelta(microseconds=1), "us") == duration(span)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("20000-01-01T00:00:00+00:00", "+020000-01-01T00:00:00+00:00", id="a year of five digits"),
        pytest.param("-005-01-01", "-000005-01-01", id="a year before the year 0"),
        pytest.param("1000000-01-01", "+1000000-01-01", id="a year of seven digits"),
        pytest.param("2024-02-29", "2024-02-29", id="a year of four digits"),
        pytest.param("01:02:03", "01:02:03", id="a time"),
        pytest.param("2024-Q2", "2024-Q2", id="another form"),
    ],
)
def test_a_year_that_datetime_does_not_have_is_expanded(text, expected):
    assert expanded_year(text) == expected

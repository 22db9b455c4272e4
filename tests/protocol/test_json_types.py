"""What stands for the types that JSON lacks, one by one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol import json_types
from wsgiresp._protocol.json_types import UNKNOWN, duration, plain_key, register_json_type, stand_in

ID = UUID("12345678-1234-5678-1234-567812345678")

_DURATION = re.compile(
    r"(?P<sign>-?)P(?=.)(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


class Key(Enum):
    ID = ID
    NUMBER = 1
    NOTHING = None
    PAIR = (1, 2)


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
    ("key", "plain"),
    [
        pytest.param("a", "a", id="str"),
        pytest.param(1, 1, id="int"),
        pytest.param(1.5, 1.5, id="float"),
        pytest.param(True, True, id="bool"),
        pytest.param(None, None, id="None"),
        pytest.param(date(2024, 2, 29), "2024-02-29", id="date"),
        pytest.param(datetime(2024, 2, 29, 1, tzinfo=UTC), "2024-02-29T01:00:00+00:00", id="datetime"),
        pytest.param(time(1, 2, 3), "01:02:03", id="time"),
        pytest.param(ID, str(ID), id="UUID"),
        pytest.param(Key.NUMBER, 1, id="Enum of a number"),
        pytest.param(Key.ID, str(ID), id="Enum of a UUID"),
        pytest.param(Key.NOTHING, None, id="Enum of None"),
        pytest.param(Key.PAIR, UNKNOWN, id="Enum of a tuple"),
        pytest.param((1, 2), UNKNOWN, id="tuple"),
        pytest.param(b"a", UNKNOWN, id="bytes"),
        pytest.param(Decimal(1), UNKNOWN, id="Decimal"),
        pytest.param(timedelta(1), UNKNOWN, id="timedelta"),
    ],
)
def test_a_key_is_made_one_that_the_encoders_take(key, plain):
    assert plain_key(key) == plain


def test_an_iterator_is_not_looked_into():
    iterator = iter([1, 2])
    assert stand_in(iterator) is UNKNOWN
    assert list(iterator) == [1, 2]


def test_a_form_that_was_given_is_that_of_each_subclass_and_given_once(monkeypatch):
    class Money:
        def __str__(self):
            return "7 EUR"

    class Price(Money):
        pass

    monkeypatch.setattr(json_types, "_BY_BASE", json_types._BY_BASE.copy())
    assert stand_in(Price()) is UNKNOWN
    register_json_type(Money, str)
    known = len(json_types._BY_BASE)
    register_json_type(Money, str)
    assert stand_in(Price()) == "7 EUR"
    assert len(json_types._BY_BASE) == known

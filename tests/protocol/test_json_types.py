"""What stands for the types that JSON lacks, one by one."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Interface
from uuid import UUID

import pytest
from werkzeug.local import LocalProxy

from wsgiresp._protocol import json_types
from wsgiresp._protocol.json_markers import MISSING, UNKNOWN
from wsgiresp._protocol.json_types import plain_key, register_json_type, stand_in, unwrapped

ID = UUID("12345678-1234-5678-1234-567812345678")


class Key(Enum):
    ID = ID
    NUMBER = 1
    NOTHING = None
    PAIR = (1, 2)


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
        pytest.param(IPv4Address("203.0.113.4"), "203.0.113.4", id="an IP address"),
        pytest.param(IPv6Interface("::1/64"), "::1/64", id="an interface"),
        pytest.param(LocalProxy(lambda: "a"), "a", id="a proxy of a str"),
        pytest.param(LocalProxy(lambda: LocalProxy(lambda: date(2024, 2, 29))), "2024-02-29", id="a proxy of a proxy"),
        pytest.param(LocalProxy(lambda: (1, 2)), UNKNOWN, id="a proxy of a tuple"),
    ],
)
def test_a_key_is_made_one_that_the_encoders_take(key, plain):
    assert plain_key(key) == plain


class NotATime(datetime):
    """A time that is unequal to itself, as pandas' ``NaT`` is: a ``datetime`` too."""

    def __ne__(self, other: object) -> bool:
        return True

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        return "NaT"


def test_a_time_that_is_unequal_to_itself_is_missing():
    missing = NotATime(2024, 2, 29)
    assert stand_in(missing) is MISSING
    assert plain_key(missing) is MISSING


def test_a_key_of_a_proxy_is_plain_and_no_proxy():
    assert type(plain_key(LocalProxy(lambda: "a"))) is str


def test_a_proxy_that_stands_for_nothing_says_so():
    with pytest.raises(RuntimeError, match="object is not bound"):
        unwrapped(LocalProxy(ContextVar("unset")))


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

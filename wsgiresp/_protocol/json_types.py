"""JSON forms of types that JSON does not have. One level at a time; nothing here uses up an iterator."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import math
import re
from collections import UserString, deque
from collections.abc import Callable, Mapping, Sequence, Set, ValuesView
from decimal import Decimal
from enum import Enum
from operator import attrgetter, methodcaller
from pathlib import PurePath
from types import NoneType
from typing import Any
from uuid import UUID

from werkzeug.local import LocalProxy

from wsgiresp._protocol.json_libraries import library_class, library_form, library_key
from wsgiresp._protocol.json_markers import MISSING, UNKNOWN
from wsgiresp._protocol.json_times import duration, expanded_year

Form = Callable[[Any], object]

_ADDRESSES = (
    *(ipaddress.IPv4Address, ipaddress.IPv4Network, ipaddress.IPv4Interface),
    *(ipaddress.IPv6Address, ipaddress.IPv6Network, ipaddress.IPv6Interface),
)


def decimal_number(number: Decimal, raw: Callable[[str], object]) -> object:
    """Return *number* as *raw* of all its digits, or as a ``float`` if it is not finite.

    The text of a finite ``Decimal`` is a JSON number as it is (RFC 8259, Section 6).
    """
    if number.is_finite():
        return raw(str(number))
    return math.nan if number.is_nan() else float(number)  # float() refuses a signalling NaN


def unwrapped(value: Any) -> Any:
    """Return the object that *value* stands for if it is a ``LocalProxy`` of werkzeug, else *value* itself.

    Raises ``RuntimeError`` if it stands for nothing here: outside of a request, for example.
    """
    # By recursion, so that a proxy of itself is a RecursionError.
    return unwrapped(value._get_current_object()) if isinstance(value, LocalProxy) else value


def plain_key(key: object) -> object:
    """Return *key* as one that the encoders take: ``str``, ``int``, ``float``, ``bool`` or ``None``; or ``UNKNOWN``."""
    kind = type(key)  # not isinstance(), which takes a proxy for what it stands for
    if issubclass(kind, (str, int, float, NoneType)):
        return key
    if issubclass(kind, LocalProxy):
        return plain_key(unwrapped(key))
    if isinstance(key, Enum):
        return plain_key(key.value)
    if isinstance(key, datetime.date | datetime.time):
        return _iso_text(key)
    if isinstance(key, (UUID, *_ADDRESSES)):
        return str(key)
    found = library_key(key)
    return found if isinstance(found, str | int | float | NoneType) else UNKNOWN


def stand_in(value: Any) -> object:
    """Convert *value*, whose type JSON does not have, by one step to a simpler value; ``UNKNOWN`` if none is known.

    The items inside *value* are not converted. Iterators are ``UNKNOWN``: looking into one would use it up.
    """
    form = _BY_TYPE.get(type(value))
    if form is not None:
        return form(value)
    kind: type = value.__class__  # not type(value): here the lazy objects of Django name what they stand for
    if issubclass(kind, Enum):
        return value.value
    if issubclass(kind, str):
        return str(value)
    if hasattr(kind, "for_json"):
        return value.for_json()
    if _is_model(value):
        return value.model_dump(mode="json", by_alias=True)
    if hasattr(kind, "__dataclass_fields__"):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    for base, form in _BY_BASE:
        if isinstance(value, base):
            return form(value)
    return library_form(value)


def register_json_type(kind: type, form: Form) -> None:
    """Have *form* make what stands for each value of *kind*, in this process: for an adapter, of its framework's types.

    Given again, nothing changes.
    """
    if (kind, form) not in _BY_BASE:
        _BY_BASE.insert(0, (kind, form))


def _is_model(value: object) -> bool:
    return isinstance(value, library_class("pydantic.main", "BaseModel"))


def _unknown(_: object) -> object:
    return UNKNOWN


def _iso_text(value: Any) -> object:
    """Return the text of a date or time of any class; pandas' ``NaT`` is one too, and like NaN unequal to itself."""
    text = value.isoformat()
    if text[4:5] == "-" != text[0]:  # a year of four digits
        return text
    # A Timestamp of pandas may lie outside of the years that datetime has, and write them in its own way.
    return MISSING if value != value else expanded_year(text)


def _duration_of(span: Any) -> object:
    # A Timedelta of pandas has nanoseconds, or seconds beyond the range of timedelta: only numpy's type holds all.
    return span.to_timedelta64() if hasattr(span.__class__, "to_timedelta64") else duration(span)


_iso = methodcaller("isoformat")

_BY_TYPE: dict[type, Form] = {
    datetime.date: _iso,
    datetime.datetime: _iso,
    datetime.time: _iso,
    datetime.timedelta: duration,
    UUID: str,
    set: list,
    frozenset: list,
    deque: list,
    range: list,
    LocalProxy: unwrapped,
    re.Pattern: attrgetter("pattern"),
    **dict.fromkeys(_ADDRESSES, str),
}
"""Shortcuts for the types that come in large numbers."""

_BY_BASE: list[tuple[type | tuple[type, ...], Form]] = [
    ((datetime.date, datetime.time), _iso_text),
    (datetime.timedelta, _duration_of),
    (LocalProxy, unwrapped),
    (Decimal, Decimal),
    ((UUID, PurePath, UserString, *_ADDRESSES), str),
    (Mapping, lambda mapping: dict(mapping.items())),
    # Sequences too, but their items are octets and no numbers that somebody meant to send.
    ((bytes, bytearray, memoryview), _unknown),
    ((Sequence, Set, ValuesView), list),
]

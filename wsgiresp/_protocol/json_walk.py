"""Slow path of the JSON encoder: iterators, odd keys, and the path to a value that is not JSON serializable.

An encoder converts no keys and cannot tell where it was. A walk does both, and reads each iterator once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from types import NoneType
from typing import Any

from simplejson import RawJSON

from wsgiresp._protocol.json_markers import UNKNOWN
from wsgiresp._protocol.json_refusals import Refusal, key_not_finite, not_finite, unknown_key, unknown_type
from wsgiresp._protocol.json_types import decimal_number, plain_key, stand_in

Default = Callable[[Any], object]


class Walk:
    """A way to convert whole documents, with one rule for numbers that are not finite and one *default*.

    *default* is called with each value that is not JSON serializable, once; what it returns is converted in turn.
    """

    def __init__(self, *, nan_is_error: bool, default: Default | None) -> None:
        self._nan_is_error = nan_is_error
        self._default = default
        self._atoms = {str, int, bool, NoneType} if nan_is_error else {str, int, bool, NoneType, float}

    def plain(self, content: object) -> object:
        """Return *content* as simplejson takes it unasked: dicts, lists, scalars, and ``RawJSON`` for each ``Decimal``.

        Raises ``TypeError`` for what is not JSON serializable, ``ValueError`` for a number that is not finite and for a
        missing value where these are errors, both with the path (``items[3].owner``), and ``RecursionError`` for what
        is circular or too deep.
        """
        try:
            return self._value(content)
        except Refusal as refusal:
            raise refusal.error() from refusal.__cause__

    def _value(self, value: Any) -> object:
        kind = type(value)
        if issubclass(kind, dict):
            return self._object(value)
        if issubclass(kind, (list, tuple)):
            return self._array(value)
        if issubclass(kind, float):
            return self._number(value)
        if issubclass(kind, (str, int, NoneType, RawJSON)):
            return value
        if kind is Decimal:
            return self._value(decimal_number(value, RawJSON))
        found = stand_in(value)
        if found is not UNKNOWN:
            return self._value(found)
        if isinstance(value, Iterator):
            return self._array(value)
        return self._value(self._asked(value))

    def _object(self, members: dict[object, object]) -> dict[object, object]:
        found: dict[object, object] = {}
        for key, value in members.items():
            name = key if type(key) is str else self._name(key)
            if type(value) in self._atoms:
                found[name] = value
                continue
            try:
                found[name] = self._value(value)
            except Refusal as refusal:
                refusal.steps.append(key)
                raise
        return found

    def _array(self, items: Iterable[object]) -> list[object]:
        found: list[object] = []
        for item in items:
            if type(item) in self._atoms:
                found.append(item)
                continue
            try:
                found.append(self._value(item))
            except Refusal as refusal:
                refusal.steps.append(len(found))
                raise
        return found

    def _name(self, key: object) -> object:
        name = plain_key(key)
        if name is UNKNOWN:
            raise unknown_key(key)
        if isinstance(name, float) and self._nan_is_error and not math.isfinite(name):
            raise key_not_finite(key, name)
        return name

    def _number(self, number: float) -> float:
        if self._nan_is_error and not math.isfinite(number):
            raise not_finite(number)
        return number

    def _asked(self, value: object) -> object:
        refusal = unknown_type(value, has_default=self._default is not None)
        if self._default is None:
            raise refusal
        try:
            return self._default(value)
        except TypeError as error:
            raise refusal from error

"""Slow path of the JSON encoder: iterators, odd keys, and the path to a value that has no form in JSON.

An encoder converts no keys and cannot tell where it was. A walk does both, and reads each iterator once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from types import NoneType
from typing import Any

from simplejson import RawJSON

from wsgiresp._protocol.json_types import UNKNOWN, decimal_number, plain_key, stand_in

Default = Callable[[Any], object]


class _Misfit(Exception):  # noqa: N818
    """What has no form in JSON, on its way up to the root: each level adds its step, the innermost first."""

    def __init__(self, kind: type[TypeError | ValueError], claim: str) -> None:
        self.kind = kind
        self.claim = claim
        self.steps: list[object] = []


class Walk:
    """A way to convert whole documents, with one rule for numbers that are not finite and one *default*.

    *default* is asked for what has no form in JSON, once for each such value; what it returns is converted in turn.
    """

    def __init__(self, *, nan_is_error: bool, default: Default | None) -> None:
        self._nan_is_error = nan_is_error
        self._default = default
        self._atoms = {str, int, bool, NoneType} if nan_is_error else {str, int, bool, NoneType, float}

    def plain(self, content: object) -> object:
        """Return *content* as simplejson takes it unasked: dicts, lists, scalars, and ``RawJSON`` for each ``Decimal``.

        Raises ``TypeError`` for what has no form in JSON, ``ValueError`` for a number that is not finite where that
        is an error, both with the path (``items[3].owner``), and ``RecursionError`` for what is circular or too deep.
        """
        try:
            return self._value(content)
        except _Misfit as misfit:
            raise misfit.kind(f"{_path(misfit.steps)} {misfit.claim}") from misfit.__cause__

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
            except _Misfit as misfit:
                misfit.steps.append(key)
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
            except _Misfit as misfit:
                misfit.steps.append(len(found))
                raise
        return found

    def _name(self, key: object) -> object:
        name = plain_key(key)
        if name is UNKNOWN:
            raise _Misfit(TypeError, f"has the key {key!r}: keys are str, number, None, date, time, UUID or Enum")
        if isinstance(name, float) and self._nan_is_error and not math.isfinite(name):
            raise _Misfit(ValueError, f"has the key {key!r}: it must be finite")
        return name

    def _number(self, number: float) -> float:
        if self._nan_is_error and not math.isfinite(number):
            raise _Misfit(ValueError, f"must be finite, got {number!r}")
        return number

    def _asked(self, value: object) -> object:
        misfit = _Misfit(TypeError, f"is of type {_type_name(value)}, which has no form in JSON")
        if self._default is None:
            raise misfit
        try:
            return self._default(value)
        except TypeError as error:
            raise misfit from error


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _path(steps: list[object]) -> str:
    """Return *steps*, the innermost first, as one would write them in Python: ``items[3].owner``."""
    path = ""
    for step in reversed(steps):
        path += f".{step}" if isinstance(step, str) and step.isidentifier() else f"[{step!r}]"
    return path.removeprefix(".") or "content"

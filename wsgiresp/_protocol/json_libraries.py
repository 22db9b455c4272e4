"""JSON forms of values of numpy, pandas and pydantic. None of the three is imported here.

A value of theirs can exist only after its library was imported, so each class is looked up in ``sys.modules`` when a
value is of no type known otherwise. A library may be half imported at that moment, in another thread, be blocked by
``None`` in its place, or be a mock, as in tests and where documentation is built.

numpy's own ``tolist()`` is not enough: it makes a number of a moment in nanoseconds, ``None`` of ``NaT``, and returns
an extended-precision float as it is.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from wsgiresp._protocol.json_markers import MISSING, UNKNOWN
from wsgiresp._protocol.json_times import duration_text, moment_text

_MASK = "*" * 10  # what pydantic writes in the place of a secret
_NOT_A_TIME = -(2**63)  # numpy's count for NaT
_TIMES = frozenset({datetime.date, datetime.datetime, datetime.timedelta})


def library_form(value: Any) -> object:
    """Convert *value* of numpy, pandas or pydantic by one step to a simpler value; ``UNKNOWN`` for other values.

    Objects of other libraries that have a ``tolist()`` are converted by that.
    """
    if isinstance(value, library_class("numpy", "generic")):
        return _scalar(value)
    if isinstance(value, library_class("numpy", "ndarray")):
        return _array(value)
    if hasattr(value.__class__, "tolist"):  # pandas' columns and indexes, and arrays of other libraries
        return value.tolist()
    if value is _in_library("pandas", "NA"):
        return MISSING
    return next(
        (form(value) for module, name, form in _FORMS if isinstance(value, library_class(module, name))), UNKNOWN
    )


def library_key(key: Any) -> object:
    """Return the Python value of *key*, a scalar of numpy or pandas' ``NA``; ``UNKNOWN`` if it is another value.

    A ``timedelta64`` is no key, because a ``timedelta`` is none.
    """
    is_scalar = isinstance(key, library_class("numpy", "generic")) and key.dtype.kind != "m"
    if is_scalar or key is _in_library("pandas", "NA"):
        found = library_form(key)
        if isinstance(found, Decimal):  # a longdouble
            return str(found) if found.is_finite() else float(found)
        return found
    return UNKNOWN


def library_class(module: str, name: str) -> Any:
    """Return the class *name* of *module*, or an empty tuple if there is none: ``isinstance()`` takes both."""
    found = _in_library(module, name)
    return found if isinstance(found, type) else ()


def _in_library(module: str, name: str) -> object:
    # Not by getattr(): a mock has every name, and a module that loads lazily may raise ImportError.
    return getattr(sys.modules.get(module), "__dict__", {}).get(name, UNKNOWN)


def _scalar(scalar: Any) -> object:
    kind = scalar.dtype.kind
    if kind in "mM":
        [text] = _texts(scalar, [int(scalar.astype("int64"))])
        return text
    if kind == "V" and _has_times(scalar.dtype):
        return [scalar[name] for name in scalar.dtype.names]
    found = scalar.tolist()
    if type(found) is not type(scalar):
        return found
    # A longdouble has more digits than a float. Its complex form, clongdouble, has no form in JSON.
    return Decimal(str(scalar)) if kind == "f" else UNKNOWN


def _array(array: Any) -> object:
    if not array.size or not _has_times(array.dtype):
        return array.tolist()
    names = array.dtype.names
    if array.ndim == 0:
        # A record by its fields: in a row of a masked array these may be masked one by one.
        return [array[name] for name in names] if names else array[()]
    if names is None:
        return _nested(_times(array.reshape(-1)), array.shape)
    if array.ndim == 1 and not hasattr(array, "mask"):  # of a masked array, a record in a record may be masked whole
        # By columns: record by record takes eight times as long.
        return list(map(list, zip(*(_array(array[name]) for name in names), strict=True)))
    return list(array)


def _times(times: Any) -> list[object]:
    found: list[object] = times.tolist()
    # datetime and timedelta, where they hold every item, are the faster way.
    return found if _TIMES.issuperset(map(type, found)) else _texts(times, times.astype("int64").tolist())


def _nested(items: list[object], shape: tuple[int, ...]) -> list[object]:
    """Return *items* in lists of *shape*, none of whose lengths is 0."""
    for length in reversed(shape[1:]):
        items = [items[start : start + length] for start in range(0, len(items), length)]
    return items


def _has_times(dtype: Any) -> bool:
    """Return whether values of *dtype* are moments or durations, or hold such in a field."""
    dtype = dtype.base  # the type of the items, where that of a field is a small array
    return dtype.kind in "mM" or (dtype.names is not None and any(_has_times(dtype[name]) for name in dtype.names))


def _texts(times: Any, counts: list[int | None]) -> list[object]:
    """Return the text of each of *counts*, which are those of *times*: of its unit, moments or durations.

    A duration without a unit stays a number. ``None`` is an item that a mask hides.
    """
    unit, step = sys.modules["numpy"].datetime_data(times.dtype)
    if unit == "generic":
        return [MISSING if count == _NOT_A_TIME else count for count in counts]
    text = moment_text if times.dtype.kind == "M" else duration_text
    return [
        MISSING if count == _NOT_A_TIME else count if count is None else text(count * step, unit) for count in counts
    ]


def _masked(secret: Any) -> str:
    # Of bytes, str() would be the repr: b'**********'. A subclass of Secret may have a mask of its own.
    hidden = secret.get_secret_value()
    return str(secret) if not isinstance(hidden, bytes) else _MASK if hidden else ""


_FORMS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    *(("pydantic.types", name, _masked) for name in ("SecretStr", "SecretBytes", "Secret")),
    *(("pydantic.v1.types", name, _masked) for name in ("SecretStr", "SecretBytes")),
    # Until pydantic 2.10 its URLs were those of pydantic_core; those of version 1 are str.
    *(("pydantic_core", name, str) for name in ("Url", "MultiHostUrl")),
    *(("pydantic.networks", name, str) for name in ("_BaseUrl", "_BaseMultiHostUrl", "NameEmail")),
    *((module, "Color", str) for module in ("pydantic.color", "pydantic.v1.color")),
)
"""Module, class in it, and the form of its instances."""

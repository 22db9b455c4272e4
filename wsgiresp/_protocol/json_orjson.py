"""JSON encoder through orjson, with the output of simplejson. Without orjson it cannot be imported."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from wsgiresp._protocol.json_types import decimal_number, stand_in

# What orjson would write unlike simplejson is passed to _default: dataclasses, whose fields named _x it leaves out,
# times, whose offset loses its seconds, and subclasses, whose own items() it does not ask for. Not set, because it is
# simplejson that knows better: OPT_NON_STR_KEYS (the float 1e-5 becomes "0.00001") and OPT_SERIALIZE_NUMPY (a float32
# is written as one, its tolist() is not).
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS

_EXACT: dict[type, Callable[[Any], object]] = {
    str: str.__str__,
    int: int,
    float: float,
    dict: lambda members: dict(members.items()),
    list: list,
    tuple: list,
}
_BASES = tuple(_EXACT)


def orjson_dumps(content: object) -> bytes:
    """Return *content* as JSON in UTF-8.

    Raises ``TypeError`` for everything that orjson refuses, before an iterator is touched. What was raised by a method
    of the content, be it no ``Exception``, is the ``__cause__`` of that.
    """
    return orjson.dumps(content, _default, _OPTIONS)


def _default(value: Any) -> object:
    kind = type(value)
    if kind is Decimal:
        return decimal_number(value, orjson.Fragment)
    if issubclass(kind, _BASES):
        return next(exact(value) for base, exact in _EXACT.items() if issubclass(kind, base))
    return stand_in(value)

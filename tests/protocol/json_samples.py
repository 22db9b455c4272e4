"""Values of all kinds that an application may want to send as JSON."""

from __future__ import annotations

import dataclasses
from collections import UserDict, namedtuple
from collections.abc import Callable, Iterator
from datetime import timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from ipaddress import ip_interface, ip_network
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.local import LocalProxy

ID = UUID("12345678-1234-5678-1234-567812345678")
NAN = float("nan")
INFINITY = float("inf")

Pair = namedtuple("Pair", "left right")


class Color(Enum):
    RED = "red"
    PRICE = Decimal("1.10")
    PAIR = (1, None)


class Level(IntEnum):
    LOW = 1


class Mood(StrEnum):
    GOOD = "good"


class Old(str, Enum):  # noqa: UP042 - the form before StrEnum
    YES = "yes"


class Ratio(float, Enum):
    HALF = 0.5


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "not the text"


class Number(int):
    def __repr__(self) -> str:
        return "not the number"


class Real(float):
    def __repr__(self) -> str:
        return "not the number"


@dataclasses.dataclass
class Point:
    x: Any
    _y: Any = None


class Listing:
    """Gives a new iterator each time, so that content of it can be encoded twice."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def for_json(self) -> Iterator[Any]:
        return iter(self.items)


def proxy(value: Any) -> LocalProxy[Any]:
    """Return a proxy that stands for *value*, as ``flask.g`` stands for an object of its context."""
    return LocalProxy(lambda: value)


# Amsterdam's until 1937: an offset with seconds.
AMSTERDAM = timezone(timedelta(minutes=19, seconds=32))

texts = st.text(st.characters(exclude_categories=()), max_size=5)
numbers = st.integers() | st.integers(-(2**80), 2**80) | st.floats()
instants = st.datetimes(timezones=st.none() | st.timezones() | st.just(AMSTERDAM))
enums = st.sampled_from([Color.RED, Color.PRICE, Color.PAIR, Level.LOW, Mood.GOOD, Old.YES, Ratio.HALF])
plain_atoms = st.none() | st.booleans() | numbers | texts
keys = plain_atoms | texts.map(Text) | st.integers().map(Number) | instants | st.dates() | st.times() | st.uuids()
keys |= st.ip_addresses() | (plain_atoms | st.dates()).map(proxy)
keys |= st.sampled_from([Color.RED, Level.LOW, Mood.GOOD, Old.YES, Ratio.HALF])
networks = st.sampled_from([ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"), ip_interface("203.0.113.4/24")])
atoms = (
    keys
    | networks
    | (st.decimals() | st.timedeltas()).map(proxy)
    | st.decimals()
    | st.timedeltas()
    | enums
    | st.floats().map(Real)
    | st.just(PurePosixPath("/a/b"))
)
misfits = st.sampled_from([b"octets", 1j, object(), int, proxy(b"octets"), proxy(1j)])
"""Values that have no form in JSON."""


def _containers(
    keys: st.SearchStrategy[Any], *wrappers: Callable[[Any], Any]
) -> Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]]:
    def grown(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        arrays = st.lists(values, max_size=4)
        objects = st.dictionaries(keys, values, max_size=4)
        return arrays | objects | st.one_of(*(st.builds(wrapper, arrays) for wrapper in wrappers))

    return grown


def _mapped(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}


_WRAPPERS: tuple[Callable[[Any], Any], ...] = (
    tuple,
    Listing,
    Point,
    proxy,
    lambda items: proxy(_mapped(items)),
    lambda items: Pair(items, len(items)),
    lambda items: MappingProxyType(_mapped(items)),
    lambda items: UserDict(_mapped(items)),
    lambda items: MultiDict([("k", item) for item in items]),
    lambda items: _mapped(items).values(),
    lambda items: _mapped(items).items(),
)

plain_documents = st.recursive(plain_atoms, _containers(texts, tuple), max_leaves=12)
"""What JSON has types for."""

documents = st.recursive(
    atoms | st.sets(st.integers() | st.uuids(), max_size=3), _containers(keys, *_WRAPPERS), max_leaves=12
)
"""What has a form in JSON."""

all_documents = st.recursive(atoms | misfits, _containers(keys | st.just((1, 2)), *_WRAPPERS), max_leaves=12)
"""What has one, and what has none."""

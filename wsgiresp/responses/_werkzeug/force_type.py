"""Werkzeug's ``force_type``: a response whose class is swapped becomes one of both classes.

Flask turns what a view returned into its own class by assigning ``response.__class__`` (werkzeug's ``force_type``). A
response that let it happen would lose its own ``prepare``: files would lose their ranges and close nothing.
"""

from __future__ import annotations

import functools
from typing import Any

from wsgiresp.responses._werkzeug.derived_class import derived_class

_assign_class = object.__dict__["__class__"].__set__


class Adoptable:
    """A mixin whose objects, given another class, take one that is both: theirs first, then the other."""

    # These two stand in a class of their own: a name __class__ in a class body breaks super() in that body.
    @property
    def __class__(self) -> type[Any]:
        """The class of this object."""
        return type(self)

    @__class__.setter
    def __class__(self, foreign: type[Any]) -> None:
        own: type[Any] = type(self)
        if not issubclass(own, foreign):
            _assign_class(self, foreign if issubclass(foreign, own) else _both(own, foreign))

    def __reduce_ex__(self, protocol: Any) -> Any:
        # A class made by _both() cannot be found by its name, so pickle is told what it was made of.
        parts = type(self).__dict__.get("_parts")
        if parts is None:
            return super().__reduce_ex__(protocol)
        return _restore, (parts, self.__dict__)


_classes: dict[tuple[type[Any], type[Any]], type[Any]] = {}


def _both(own: type[Any], foreign: type[Any]) -> type[Any]:
    parts = (*own.__dict__.get("_parts", (own,)), foreign)
    return derived_class(_classes, (own, foreign), own, (own, foreign), _parts=parts)


def _restore(parts: tuple[type[Any], ...], state: dict[str, Any]) -> object:
    restored: Any = object.__new__(functools.reduce(_both, parts))
    restored.__dict__.update(state)
    return restored

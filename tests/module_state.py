"""The mutable objects that a module reaches after its import, found by following references and not by text."""

from __future__ import annotations

import array
import functools
import gc
import types
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence, MutableSet
from typing import Any

_MUTABLE = (MutableMapping, MutableSequence, MutableSet, deque, bytearray, array.array)
_MEMO = type(functools.lru_cache(lambda: None))
# What Python itself keeps on modules and classes.
_PYTHONS = {"_abc_impl", "_field_defaults", "_fields", "_is_protocol", "_is_runtime_protocol"}
_LEAVES = (str, bytes, int, float, complex, type(None), types.ModuleType, types.CodeType, types.FrameType, range)


def mutable_objects(module: types.ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the mutable containers and memos that *module* reaches by its own names, each with the way to it.

    Followed are containers, objects and classes of the same package, and what functions keep: defaults, attributes and
    closures. Not followed are other modules, the globals of functions, and objects of other packages.
    """
    seen: set[int] = set()
    package = module.__name__.partition(".")[0]
    for name, value in list(vars(module).items()):
        if not _is_pythons(name) and _belongs(value, module):
            yield from _reached(value, name, package, seen)


def _belongs(value: object, module: types.ModuleType) -> bool:
    """Return whether *value* was made in *module*: a class or function that is imported is another module's."""
    # By type(): an object that is lazy makes what it stands for when it is asked for its class.
    if not issubclass(type(value), (type, types.FunctionType, _MEMO)):
        return True
    home = str(getattr(value, "__module__", module.__name__))
    # A memo of a function of another package is made where it stands.
    return home == module.__name__ or (isinstance(value, _MEMO) and not home.startswith("wsgiresp"))


def _is_pythons(name: str) -> bool:
    return (name.startswith("_") and name.endswith("_")) or name in _PYTHONS


def _reached(value: Any, way: str, package: str, seen: set[int]) -> Iterator[tuple[str, object]]:
    if issubclass(type(value), _LEAVES) or id(value) in seen:
        return
    seen.add(id(value))
    if issubclass(type(value), (_MEMO, *_MUTABLE)):
        yield way, value
    for step, inner in _parts(value, package):
        yield from _reached(inner, f"{way}{step}", package, seen)


def _parts(value: Any, package: str) -> Iterator[tuple[str, object]]:
    kind = type(value)
    if issubclass(kind, types.FunctionType):
        yield from ((f"({place})", cell.cell_contents) for place, cell in enumerate(value.__closure__ or ()))
        yield from ((f"(default {place})", default) for place, default in enumerate(value.__defaults__ or ()))
        yield from ((f".{name}", inner) for name, inner in vars(value).items() if not _is_pythons(name))
    elif issubclass(kind, type):
        if value.__module__.partition(".")[0] == package:
            yield from ((f".{name}", inner) for name, inner in vars(value).items() if not _is_pythons(name))
    elif issubclass(kind, (property, classmethod, staticmethod, types.MethodType, functools.partial)):
        yield from ((".of", inner) for inner in gc.get_referents(value) if isinstance(inner, types.FunctionType))
    elif issubclass(kind, Mapping) and not issubclass(kind, weakref.WeakKeyDictionary):
        yield from ((f"[{key!r}]", inner) for key, inner in list(value.items()))
    elif issubclass(kind, (tuple, list, set, frozenset, deque)):
        yield from ((f"[{place}]", inner) for place, inner in enumerate(value))
    elif kind.__module__.partition(".")[0] == package:
        yield from _attributes(value)


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    yield from ((f".{name}", inner) for name, inner in getattr(value, "__dict__", {}).items())
    for kind in type(value).__mro__:
        for name in vars(kind).get("__slots__", ()):
            if hasattr(value, name) and not _is_pythons(name):
                yield f".{name}", getattr(value, name)

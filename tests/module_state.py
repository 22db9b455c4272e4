"""The mutable objects that a module reaches after its import, found by the garbage collector and not by text."""

from __future__ import annotations

import array
import contextlib
import contextvars
import ctypes
import functools
import gc
import importlib
import io
import itertools
import json
import logging
import pkgutil
import random
import re
import sys
import threading
import types
import typing
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence, MutableSet
from queue import SimpleQueue
from typing import Any

_CONTAINERS = (MutableMapping, MutableSequence, MutableSet, deque, bytearray, array.array, ctypes.Array)
# What keeps something without being a container, or is a container that Python's collector does not see into.
_KEEPERS = (
    *(io.IOBase, itertools.count, itertools.cycle, memoryview, random.Random, SimpleQueue, threading.local),
    *(types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.SimpleNamespace),
    *(type(iter(kind())) for kind in (list, dict, set)),
)
_MEMO = type(functools.lru_cache(lambda: None))
_STATE = (*_CONTAINERS, *_KEEPERS, _MEMO)
# What Python itself keeps: on modules (where those that begin and end so are reserved, so no others), on classes, and
# on functions.
_OF_MODULES = {
    *("__all__", "__annotations__", "__builtins__", "__cached__", "__doc__", "__file__", "__loader__", "__name__"),
    *("__package__", "__path__", "__spec__"),
}
_OF_CLASSES = {
    *("__abstractmethods__", "__annotations__", "__args__", "__dataclass_fields__", "__dataclass_params__", "__dict__"),
    *("__match_args__", "__orig_bases__", "__parameters__", "__protocol_attrs__", "__slots__", "__weakref__"),
    *("__non_callable_proto_members__", "__required_keys__", "__optional_keys__", "__static_attributes__"),
    *("_abc_impl", "_field_defaults", "_fields", "_is_protocol", "_is_runtime_protocol"),
    *("_hashable_values_", "_member_map_", "_member_names_", "_unhashable_values_", "_value2member_map_"),
    "_use_args_",
}
# Not looked into: what cannot hold anything, what belongs to everybody, and what typing keeps for itself.
_LEAVES = (
    *(types.CodeType, types.FrameType, types.BuiltinFunctionType, types.GetSetDescriptorType),
    *(types.MemberDescriptorType, types.GenericAlias, types.UnionType, logging.Logger, logging.Manager, re.Pattern),
    *(typing.TypeVar, typing.ParamSpec, type(typing.Any), type(typing.Literal)),
    typing._BaseGenericAlias,
)
_PLAIN = {str, bytes, int, float, complex, bool, type(None), range, object}


def mutable_objects(
    module: types.ModuleType, foreign: Mapping[int, object] | None = None
) -> Iterator[tuple[str, object]]:
    """Yield the mutable containers, and what else keeps something, that *module* reaches, each with the way to it.

    Followed is everything, as the garbage collector does, but for what is imported: modules that ``sys.modules`` has,
    functions and classes that another module has under their names. Of functions and classes of ours followed are
    defaults, attributes, closures, base classes and metaclasses; the globals of functions are those of a module.
    *foreign*: what :func:`foreign_objects` returned, made here where it is not given.
    """
    seen = foreign_objects(module.__name__.partition(".")[0]) if foreign is None else dict(foreign)
    for name, value in list(vars(module).items()):
        if name not in _OF_MODULES:
            yield from _reached(value, name, module, seen)


def foreign_objects(package: str) -> dict[int, object]:
    """Return what is not looked at, by its id: the globals of modules, and objects that other packages have by a name.

    But for objects of our classes, which a test may have imported, and for containers: a table is shared by all. The
    objects are kept with their ids, which would else be given to others.
    """
    others = [found for found in list(sys.modules.values()) if issubclass(type(found), types.ModuleType)]
    found_objects: dict[int, object] = {id(vars(found)): vars(found) for found in others}
    for found in others:
        if found.__name__.partition(".")[0] != package:
            values = [value for value in list(vars(found).values()) if _is_foreign(type(value), package)]
            found_objects.update((id(value), value) for value in values)
    return found_objects


def _is_foreign(kind: type, package: str) -> bool:
    functions_too = (type, types.FunctionType, *_STATE)  # _is_imported() tells of those
    return not issubclass(kind, functions_too) and str(kind.__module__).partition(".")[0] != package


def _reached(value: Any, way: str, module: types.ModuleType, seen: dict[int, object]) -> Iterator[tuple[str, object]]:
    kind = type(value)  # not its __class__: a lazy object makes what it stands for when it is asked for that
    if kind in _PLAIN or id(value) in seen or _is_imported(value, module):
        return
    seen[id(value)] = value
    if issubclass(kind, types.BuiltinFunctionType):  # a method of a list, say
        yield from _reached(value.__self__, f"{way}.__self__", module, seen)
        return
    if issubclass(kind, _LEAVES):
        return
    if issubclass(kind, _STATE):
        yield way, value
    if issubclass(kind, _MEMO):
        return
    for step, inner in _parts(value, kind):
        yield from _reached(inner, f"{way}{step}", module, seen)


def _is_imported(value: Any, module: types.ModuleType) -> bool:
    """Return whether *value* is another module, or a class, a function or a memo that another module has."""
    if issubclass(type(value), types.ModuleType):
        return sys.modules.get(value.__name__) is value
    if not issubclass(type(value), (type, types.FunctionType, _MEMO, types.BuiltinFunctionType)):
        return False
    if issubclass(type(value), types.FunctionType) and value.__globals__ is vars(module):
        return False
    found: Any = sys.modules.get(str(getattr(value, "__module__", None)))
    if found is None or found is module:
        return issubclass(type(value), type) and found is None and value.__module__ != module.__name__
    # By the name that it has there: what merely says that it comes from there does not.
    for name in str(getattr(value, "__qualname__", "")).split("."):
        found = getattr(found, name, None)
    return found is value or _is_builtin(value)


def _is_builtin(value: Any) -> bool:
    """Return whether *value* is of C: nobody can have put anything of ours there."""
    if issubclass(type(value), type):
        return not value.__flags__ & 1 << 9  # Py_TPFLAGS_HEAPTYPE
    return False


def _parts(value: Any, kind: type) -> Iterator[tuple[str, object]]:
    if issubclass(kind, types.FunctionType):
        yield from _cells(value)
        yield from ((f"(default {place})", default) for place, default in enumerate(value.__defaults__ or ()))
        yield from ((f"(default {name})", default) for name, default in (value.__kwdefaults__ or {}).items())
        yield from ((f".{name}", inner) for name, inner in vars(value).items())
    elif issubclass(kind, type):
        yield from ((f".{name}", inner) for name, inner in vars(value).items() if name not in _OF_CLASSES)
        yield from ((f".{base.__name__}", base) for base in value.__mro__[1:])
        yield ".__class__", kind
    elif issubclass(kind, weakref.ref):
        yield "()", value()
    elif issubclass(kind, contextvars.ContextVar):
        yield from (("(default)", inner) for inner in gc.get_referents(value))
        yield ".get()", value.get(None)
    elif issubclass(kind, Mapping) and not issubclass(kind, weakref.WeakKeyDictionary):
        yield from ((f"[{key!r}]", inner) for key, inner in list(value.items()))
        yield from ((f" key {key!r}", key) for key in list(value))
        yield from _attributes(value, kind)
    elif issubclass(kind, (tuple, list, set, frozenset, deque)):
        yield from ((f"[{place}]", inner) for place, inner in enumerate(value))
        yield from _attributes(value, kind)
    else:
        yield from _attributes(value, kind)


def _cells(function: types.FunctionType) -> Iterator[tuple[str, object]]:
    for place, cell in enumerate(function.__closure__ or ()):
        with contextlib.suppress(ValueError):  # nothing was put there
            yield f"({place})", cell.cell_contents


def _dict_of(value: object) -> dict[str, object]:
    """Return the attributes of *value* without asking it, which may be lazy."""
    try:
        own: dict[str, object] = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    return own


def _attributes(value: object, kind: type) -> Iterator[tuple[str, object]]:
    """Yield what *value* holds, by the names of its attributes where they are known."""
    named: set[int] = set()
    own = _dict_of(value)
    for name, inner in list(own.items()):
        named.add(id(inner))
        if name != "__annotations__":  # of a classmethod
            yield f".{name}", inner
    yield ".__class__", kind
    for base in kind.__mro__:
        for name, slot in vars(base).items():
            if isinstance(slot, types.MemberDescriptorType) and base.__flags__ & 1 << 9:
                try:
                    inner = slot.__get__(value)
                except AttributeError:
                    continue
                named.add(id(inner))
                yield f".{name}", inner
    for inner in gc.get_referents(value):
        if inner is not kind and inner is not own and id(inner) not in named:
            yield f"->{type(inner).__name__}", inner


def reachable(package: types.ModuleType) -> list[list[str]]:
    """Return the ways to each mutable object of *package*, all of it imported: what is imported twice has several."""
    names = [package.__name__, *(one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))]
    ways: dict[int, list[str]] = {}
    kept = []  # so that no id is given again
    modules = [importlib.import_module(name) for name in names]
    foreign = foreign_objects(package.__name__)
    for module in modules:
        for way, found in mutable_objects(module, foreign):
            kept.append(found)
            ways.setdefault(id(found), []).append(f"{module.__name__}.{way}")
    return list(ways.values())


if __name__ == "__main__":
    print(json.dumps(reachable(importlib.import_module("wsgiresp"))))

"""Settings: ``WSGIRESP = {"DEFAULT_RESPONSE_CLASS": ..., "NAMESPACES": {...}, "AROUND": ...}``, read and checked."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from wsgiresp._types import Around
from wsgiresp.responses import JSONResponse, Response

NAME = "WSGIRESP"
_DEFAULT = "DEFAULT_RESPONSE_CLASS"
_NAMESPACES = "NAMESPACES"
_AROUND = "AROUND"

namespaces: ContextVar[list[str]] = ContextVar("wsgiresp.namespaces")
"""The URL namespaces of the view that runs, from the outermost to the innermost."""


class Defaults(NamedTuple):
    """The classes for what views return that is no response: for all of them, and for those of a URL namespace."""

    general: type[Response] | None
    of_namespaces: dict[str, type[Response] | None]

    def of(self, names: list[str]) -> type[Response] | None:
        """Return the class for the view in these namespaces: that of the innermost one that has any."""
        for name in reversed(names):
            if name in self.of_namespaces:
                return self.of_namespaces[name]
        return self.general


class Fault(NamedTuple):
    """What is wrong with the settings, and what to do about it."""

    message: str
    hint: str


@functools.cache
def defaults() -> Defaults:
    """Return the classes that the settings say; ``TypeError`` with the first fault where they say anything else."""
    for fault in faults():
        raise TypeError(f"{fault.message} {fault.hint}")
    given = _given()
    of_namespaces = {name: _imported(value) for name, value in given.get(_NAMESPACES, {}).items()}
    return Defaults(_imported(given[_DEFAULT]) if _DEFAULT in given else JSONResponse, of_namespaces)


@functools.cache
def around() -> Around | None:
    """Return ``AROUND`` of the settings, imported; None if it is not set.

    ``ImproperlyConfigured`` if it cannot be imported or is not callable.
    """
    given = _given()
    value = given.get(_AROUND) if isinstance(given, Mapping) else None
    for fault in _faults_of_around(value):
        raise ImproperlyConfigured(f"{fault.message} {fault.hint}")
    found: Around | None = _imported(value)
    return found


def faults() -> Iterator[Fault]:
    """Yield what is wrong with the settings."""
    given = _given()
    if not isinstance(given, Mapping):
        yield Fault(
            f"{NAME} must be a dict, got {given!r}.", f"Such as {{{_DEFAULT!r}: 'wsgiresp.responses.JSONResponse'}}."
        )
        return
    for name in given.keys() - {_DEFAULT, _NAMESPACES, _AROUND}:
        yield Fault(f"{NAME} has no setting {name!r}.", f"It has {_DEFAULT}, {_NAMESPACES} and {_AROUND}.")
    of_namespaces = given.get(_NAMESPACES, {})
    if not isinstance(of_namespaces, Mapping):
        yield Fault(f"{NAME}[{_NAMESPACES!r}] must be a dict, got {of_namespaces!r}.", "Of URL namespaces to classes.")
        of_namespaces = {}
    for place, value in {_DEFAULT: given.get(_DEFAULT), **of_namespaces}.items():
        yield from _faults_of_class(place, value)
    yield from _faults_of_around(given.get(_AROUND))


def _given() -> Any:
    return getattr(settings, NAME, {}) if settings.configured else {}


def _faults_of_class(place: str, value: object) -> Iterator[Fault]:
    hint = "Name a class of wsgiresp.responses, or None to make nothing of what is no response."
    try:
        found = _imported(value)
    except ImportError as error:
        yield Fault(f"The class for {place!r} in {NAME} cannot be imported: {error}.", hint)
        return
    if found is not None and not (isinstance(found, type) and issubclass(found, Response)):
        yield Fault(f"The class for {place!r} in {NAME} must be one of wsgiresp.responses, got {value!r}.", hint)


def _faults_of_around(value: object) -> Iterator[Fault]:
    hint = "Give a callable without arguments that returns a context manager, or the dotted path of one, or None."
    try:
        found = _imported(value)
    except ImportError as error:
        yield Fault(f"{NAME}[{_AROUND!r}] cannot be imported: {error}.", hint)
        return
    if found is not None and not callable(found):
        yield Fault(f"{NAME}[{_AROUND!r}] must be callable, got {value!r}.", hint)


def _imported(value: Any) -> Any:
    return import_string(value) if isinstance(value, str) else value


def _forget(setting: str, **_: object) -> None:
    if setting == NAME:
        defaults.cache_clear()
        around.cache_clear()


def default_of_the_view() -> type[Response] | None:
    """Return the default class of the view that runs, None where it is JSONResponse."""
    found = defaults().of(namespaces.get([]))
    # Which it is anyway, unless an application of another framework in this process has another.
    return None if found is JSONResponse else found


setting_changed.connect(_forget)  # it is Django's signal, and the memo is of this module

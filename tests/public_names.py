"""What users import and call: the names of each ``__all__``, and what is public of the classes among them."""

from __future__ import annotations

import functools
import importlib
import inspect
import re

import django_apps  # noqa: F401 - Django's adapter asks for settings when it is imported

from wsgiresp._protocol.headers import Headers

MODULES = [
    "wsgiresp",
    "wsgiresp.responses",
    "wsgiresp.background",
    "wsgiresp.exceptions",
    "wsgiresp.testing",
    "wsgiresp.adapters.flask",
    "wsgiresp.adapters.django",
    "wsgiresp.adapters.gunicorn",
]


@functools.cache
def public_names():
    """Return each public object once, by the first of its names: ``"Response"``, ``"adapters.flask.Responses"``."""
    found = {}
    for module in map(importlib.import_module, MODULES):
        for name in module.__all__:
            value = getattr(module, name)
            if not any(value is known for known in found.values()):
                found[f"{module.__name__}.{name}".removeprefix("wsgiresp.")] = value
    # Nobody imports it, and everybody has one: response.headers.
    return {**found, "Headers": Headers}


def members(public):
    """Return what the class *public* has of its own or of a class of ours: by name."""
    found = {}
    for kind in inspect.getmro(public):
        if kind.__module__.startswith("wsgiresp"):
            for name, value in vars(kind).items():
                if not name.startswith("_"):
                    found.setdefault(name, value)
    return found


def methods(public):
    """Return the functions among the members of *public*, those of the class without their first argument."""
    return {
        name: getattr(public, name)
        for name, value in members(public).items()
        if inspect.isfunction(value) or isinstance(value, classmethod | staticmethod)
    }


def times(function):
    """Return the names of the parameters of *function*, or class, that are a time, which has a unit."""
    return [
        name
        for name, parameter in parameters(function).items()
        if name == "retry" or re.search(r"\bfloat\b|\bMaxAge\b", str(parameter.annotation))
    ]


def parameters(function):
    """Return the parameters of *function*, or class, that a caller gives, without ``*args`` and ``**kwargs``."""
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self" and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }

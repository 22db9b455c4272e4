"""Signature of a view: injected parameters, and whether it is a generator or a coroutine function."""

from __future__ import annotations

import inspect
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from wsgiresp._views.injection import MARK, Plan, plan

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_NO_PLAN = Plan([])


class View:
    """What the parameters of *view* ask for, and whether it is a generator or a coroutine function.

    *view* may be made of a class: Django's ``View.as_view()``, or that of Django REST framework, sets of views too.
    """

    def __init__(self, view: Any) -> None:
        kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
        self._is_of_class = kind is not None
        self.is_async = iscoroutinefunction(view)
        found = {"": view} if kind is None else _functions(view, kind)
        self._plans = {method: plan(function) for method, function in found.items()}
        # One that is async may have such a function inside.
        self._generating = {} if self.is_async else {method: _generates(function) for method, function in found.items()}

    def plan(self, method: str | None) -> Plan:
        """Return the injection plan of the function that answers requests of *method*."""
        return self._plans.get(self._key(method), _NO_PLAN)

    def is_generator(self, method: str | None) -> bool:
        """Return whether the function that answers a request of *method* is a generator function."""
        return self._generating.get(self._key(method), False)

    def _key(self, method: str | None) -> str:
        return (method or "").lower() if self._is_of_class else ""

    def positional(self, request: HttpRequest, args: Any) -> tuple[Any, ...]:
        """Return the positional arguments of that function."""
        return (None, request, *args) if self._is_of_class else (request, *args)


def _functions(view: Any, kind: Any) -> dict[str, Any]:
    """Return the functions of the class *kind* by the methods of HTTP that they answer."""
    if hasattr(view, MARK):
        return {}  # it sees to their parameters itself, and returns a response
    names = getattr(view, "actions", None) or {method: method for method in _METHODS}
    found = {method: getattr(kind, name, None) for method, name in names.items()}
    found["head"] = found.get("head") or found.get("get")
    return {method: function for method, function in found.items() if function is not None}


def _generates(function: Any) -> bool:
    return not hasattr(function, MARK) and inspect.isgeneratorfunction(inspect.unwrap(function))

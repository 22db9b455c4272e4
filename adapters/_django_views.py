"""What is to be known of a view of Django's, once."""

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
        self._plans: dict[str, Plan] = {}
        self._plan = plan(view) if kind is None else _NO_PLAN
        self.is_async = iscoroutinefunction(view)
        self.is_generator = not self.is_async and inspect.isgeneratorfunction(inspect.unwrap(view))
        if hasattr(view, MARK):
            # It sees to its own parameters, and returns a response.
            self.is_generator = False
        elif kind is not None:
            names = getattr(view, "actions", None) or {method: method for method in _METHODS}
            found = {method: getattr(kind, name, None) for method, name in names.items()}
            found["head"] = found.get("head") or found.get("get")
            self._plans = {method: plan(function) for method, function in found.items() if function is not None}

    def plan(self, method: str | None) -> Plan:
        """Return what is asked for by the function that answers a request of *method*."""
        return self._plans.get((method or "").lower(), _NO_PLAN) if self._is_of_class else self._plan

    def positional(self, request: HttpRequest, args: Any) -> tuple[Any, ...]:
        """Return the positional arguments of that function."""
        return (None, request, *args) if self._is_of_class else (request, *args)

"""Plan of a view of Flask: what a function, or each method of a class-based view, asks for by its annotations."""

from __future__ import annotations

from typing import Any

import flask.views

from wsgiresp._views.injection import Plan, plan


class ViewPlan:
    """A view function of Flask, and what its annotations ask for.

    ``plan``: that of a function; None for a class-based view, of which each method has its own: see :meth:`plan_for`.
    """

    __slots__ = ("_plans", "plan", "view")

    def __init__(self, view: Any) -> None:
        self.view = view
        kind = getattr(view, "view_class", None)
        is_class = isinstance(kind, type) and issubclass(kind, flask.views.View)
        self._plans: dict[str, Plan] | None = {} if is_class else None
        self.plan = plan(view) if self._plans is None else None

    def plan_for(self, method: str) -> Plan | None:
        """Return the plan of the method of a class-based view that answers *method*; None for any other view."""
        if self._plans is None:
            return None
        found = self._plans.get(method)
        if found is None:
            found = self._plans[method] = plan(_method_of(self.view.view_class, method))
        return found


def _method_of(kind: Any, method: str) -> Any:
    found = getattr(kind, method.lower(), None)
    if found is None and method == "HEAD":
        found = getattr(kind, "get", None)
    return found if issubclass(kind, flask.views.MethodView) and found is not None else kind.dispatch_request

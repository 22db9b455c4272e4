"""``around`` of a streaming class or response: its checks, and the binding of the background tasks to it."""

from __future__ import annotations

import inspect
from types import MethodType
from typing import Any

from wsgiresp._runtime.around import require_around
from wsgiresp._runtime.close_order import log_failure
from wsgiresp._types import Around, Background
from wsgiresp.background import BackgroundTask, bound

_BOUND_ON_PURPOSE = (staticmethod, classmethod, property)


def keep_unbound(cls: type[Any]) -> None:
    """Make *around* of *cls* a static method, so that a function or a partial does not become a method.

    Raises ``TypeError`` if it is not callable, or is a function that needs an argument: it is called without arguments.
    """
    found: Any = inspect.getattr_static(cls, "around")
    if found is None or isinstance(found, _BOUND_ON_PURPOSE):
        return
    if not hasattr(type(found), "__get__"):
        require_around(f"around of {cls.__name__}", found)
    if callable(found):
        _require_no_arguments(cls, found)
        cls.around = staticmethod(found)


def _require_no_arguments(cls: type[Any], around: Any) -> None:
    if not inspect.isfunction(around):
        return
    try:
        inspect.signature(around).bind()
    except TypeError as error:
        raise TypeError(
            f"around of {cls.__name__} must be callable without arguments, since it is not a method: {error}"
        ) from None


def around_of(response: Any) -> Around | None:
    """Return ``around`` of a streaming *response*: its own, or that of its class.

    Raises ``TypeError`` if it is not callable.
    """
    found: Any = response.around
    if found is None:
        return None
    if isinstance(found, MethodType) and found.__self__ is response and "around" not in vars(response):
        found = found.__func__  # a function that was assigned to the class later
    require_around(f"around of {type(response).__name__}", found)
    return found  # type: ignore[no-any-return]  # Any, since mypy takes a callable attribute for a method


def tasks_of(response: Any, background: Background) -> Background:
    """Return *background*; for a streaming *response* with ``around``, bound so that each task runs inside of that.

    An error of a task is logged as without ``around``. If ``_adapter_around`` is set, the adapter has bound the tasks.
    """
    if getattr(response, "_adapter_around", response) is not None:  # another response has no such attribute
        return background
    around = around_of(response)
    return background if around is None else bound(background, around, _log_failure)


def _log_failure(task: BackgroundTask, _: BaseException) -> None:
    log_failure(task)

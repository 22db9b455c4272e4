"""External task queues: tasks of Celery, Dramatiq, RQ and Huey are enqueued, not run in this process.

A task is recognized by the module and the name of its class. This module imports no engine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType

# (module, name) of a class in the MRO of a task -> the method of the task that enqueues a call.
_ENQUEUE_METHODS = {
    ("celery.app.task", "Task"): "delay",
    ("celery.canvas", "Signature"): "delay",
    ("dramatiq.actor", "Actor"): "send",
    ("huey.api", "TaskWrapper"): "__call__",  # calling it enqueues; call_local() would run it here
}


def enqueue_function(func: Callable[..., object]) -> Callable[..., object] | None:
    """Return the function that enqueues a call of *func* at its engine, or None if *func* is not a task of an engine.

    A ``functools.partial`` of a task counts as a task. The return value of the enqueue function is a handle of the
    engine (a promise, for example), not the result of the task.
    """
    if type(func) is FunctionType:  # the most common case
        return _of_rq(func)
    if isinstance(func, functools.partial):
        inner = enqueue_function(func.func)
        return None if inner is None else functools.partial(inner, *func.args, **func.keywords)
    # Not type(func): until the Celery app is finalized, its decorator returns a proxy, whose __class__ is the task's.
    for cls in getattr(func.__class__, "__mro__", ()):
        method = _ENQUEUE_METHODS.get((cls.__module__, cls.__name__))
        if method is not None:
            enqueue: Callable[..., object] = getattr(func, method)
            return enqueue
    return None


def _of_rq(func: FunctionType) -> Callable[..., object] | None:
    """Return the enqueue attribute that RQ's decorator adds to *func*, which remains a plain function; else None."""
    for name in ("enqueue", "delay"):  # RQ before version 3 has only `delay`
        attribute = vars(func).get(name)
        if isinstance(attribute, FunctionType) and attribute.__globals__.get("__name__") == "rq.decorators":
            return attribute
    return None

"""External task queues: tasks of Celery, Dramatiq, RQ and Huey are enqueued, not run here.

Known by the modules that their types come from, and none of them is imported here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType

# The class that a task has among its own, and the method that puts a call of it in the queue.
_ENQUEUE_METHODS = {
    ("celery.app.task", "Task"): "delay",
    ("celery.canvas", "Signature"): "delay",
    ("dramatiq.actor", "Actor"): "send",
    ("huey.api", "TaskWrapper"): "__call__",  # a call is put in the queue; call_local() would make it
}


def enqueue_function(func: Callable[..., object]) -> Callable[..., object] | None:
    """Return what puts a call of *func* in the queue of its engine; None where *func* is a task of none.

    A ``functools.partial`` of a task is one, too. What the engine returns is no outcome of the task.
    """
    if type(func) is FunctionType:  # most are
        return _of_rq(func)
    if isinstance(func, functools.partial):
        inner = enqueue_function(func.func)
        return None if inner is None else functools.partial(inner, *func.args, **func.keywords)
    # Not type(func): before its app is complete, Celery's decorator gives a proxy, which tells what it stands for.
    for cls in getattr(func.__class__, "__mro__", ()):
        method = _ENQUEUE_METHODS.get((cls.__module__, cls.__name__))
        if method is not None:
            enqueue: Callable[..., object] = getattr(func, method)
            return enqueue
    return None


def _of_rq(func: FunctionType) -> Callable[..., object] | None:
    """Return the attribute that RQ's decorator gives a function, which stays a function and bears its name."""
    for name in ("enqueue", "delay"):  # before RQ 3 there is the second alone
        attribute = vars(func).get(name)
        if isinstance(attribute, FunctionType) and attribute.__globals__.get("__name__") == "rq.decorators":
            return attribute
    return None

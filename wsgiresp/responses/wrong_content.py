"""``TypeError`` for content that a class cannot send, naming the class and the cure.

A response of any framework is recognized by the attribute ``set_cookie`` of its class. Those of werkzeug, Flask,
Django, Starlette and others have it; the responses that HTTP clients return do not. So no framework is imported.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence, Set
from numbers import Number
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from wsgiresp._streams.stream_source import PRODUCER

_PLAINLY_STREAMABLE = frozenset({GeneratorType, AsyncGeneratorType, list, tuple})


def wrong_content(name: str, content: object) -> TypeError:
    """Return the error for *content* given to the class of this *name*, naming the class to use instead.

    A coroutine is closed.
    """
    mistake = _mistake(name, content)
    if mistake is not None:
        return mistake
    if isinstance(content, os.PathLike):
        instead = "use FileResponse"
    elif isinstance(content, Iterator | AsyncIterable) or hasattr(content, "read"):
        instead = "use StreamingResponse"
    elif isinstance(content, Mapping | Sequence | Set | Number) or hasattr(content, "__dataclass_fields__"):
        instead = "use JSONResponse"
    elif callable(content):
        instead = _call_of(content)
    else:
        instead = "use JSONResponse for a document or StreamingResponse for chunks"
    return TypeError(f"content of {name} must be str, bytes or None, got {type(content).__name__}: {instead}")


def require_content(name: str, content: Any) -> None:
    """Raise ``TypeError`` if *content*, given to the response class *name*, is an object that no class can send.

    These are responses, exceptions and awaitables. A coroutine is closed, so that Python does not warn that it was
    never awaited.
    """
    mistake = _mistake(name, content)
    if mistake is not None:
        raise mistake


def _mistake(name: str, content: Any) -> TypeError | None:
    kind = content.__class__  # not type(): a proxy, such as werkzeug's LocalProxy, has the class of its object here
    if hasattr(kind, "set_cookie"):
        return TypeError(f"content of {name} must not be a response, got {kind.__name__}: give its content instead")
    if isinstance(content, BaseException):
        return TypeError(f"content of {name} must not be an exception, got {kind.__name__}: raise it instead")
    if hasattr(kind, "__await__") and not hasattr(kind, "__aiter__"):
        if inspect.iscoroutine(content) and inspect.getcoroutinestate(content) == inspect.CORO_CREATED:
            content.close()
        return TypeError(f"content of {name} must not be awaitable, got {_described(content)}: await it first")
    return None


def require_streamable(name: str, content: Any) -> None:
    """Raise ``TypeError`` if *content*, given to the response class *name*, cannot be iterated as a stream."""
    if type(content) in _PLAINLY_STREAMABLE:
        return
    require_content(name, content)
    if isinstance(content, Mapping) or not (
        isinstance(content, Iterable | AsyncIterable) or hasattr(content, "read") or hasattr(type(content), PRODUCER)
    ):
        hint = f" ({_call_of(content)})" if callable(content) else ""
        raise TypeError(
            f"content of {name} must be an iterable, an async iterable or a file, got {type(content).__name__}{hint}"
        )


def require_source_function(name: str, function: Any) -> None:
    """Raise ``TypeError`` if *function*, which is to return the events for the class *name*, returns a coroutine."""
    if inspect.iscoroutinefunction(function):
        raise TypeError(
            f"content of {name} must return events when it is called, and {_described(function)} is a coroutine"
            " function, which returns a coroutine: yield the events in it"
        )


def _call_of(function: Any) -> str:
    if inspect.iscoroutinefunction(function):
        return "call the coroutine function and await the result"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return "call the generator function"
    return "call it"


def _described(content: Any) -> str:
    return str(getattr(content, "__qualname__", type(content).__name__))

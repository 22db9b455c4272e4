"""``respond_with``: the decorator that makes responses of what a view returns."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, overload

from werkzeug.exceptions import HTTPException as WerkzeugHTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp._protocol.header_validation import extend, pairs
from wsgiresp._protocol.json_types import unwrapped
from wsgiresp._protocol.status import parse
from wsgiresp._types import HeaderFields
from wsgiresp.responses import EventSourceResponse, Response

from .coercion import ITERATORS, changed, class_for, is_answer, parts, stream, takes
from .injection import MARK, Injected, plan
from .merging import merged
from .models import Model

_P = ParamSpec("_P")


class Decorator(Protocol):
    """Takes a view and returns one with the same parameters, whose answers are responses."""

    @overload
    def __call__(self, view: Callable[_P, Coroutine[Any, Any, Any]]) -> Callable[_P, Coroutine[Any, Any, Any]]: ...
    @overload
    def __call__(self, view: Callable[_P, Any]) -> Callable[_P, Any]: ...


def respond_with(
    response_class: type[Response] | None = None,
    *,
    status_code: int | None = None,
    response_model: Any = None,
    headers: HeaderFields | None = None,
) -> Decorator:
    """Return a decorator for a view, sync or async: what it returns becomes ``response_class(content)``.

    *response_class*: None stands for the default class of the application, which is JSONResponse unless it has another.
    A generator, or any iterator, is sent as it comes: as events or JSON lines by the class, as text by one for text,
    otherwise as bytes and text; of a JSON class it is the array.
    *status_code*, *headers*: those of the answers made here. *response_model*: the type that what is returned must be
    of, for pydantic; fields that it has not are left out.

    A response that the view returns passes as it is. Of ``(content, status)``, ``(content, headers)`` and
    ``(content, status, headers)`` a response is made as Flask does. Parameters annotated ``Response`` or
    ``BackgroundTasks`` get one, whose status, headers, cookies and tasks become part of the answer.

    Raises at once: ``TypeError`` for a class that is no response, ``ValueError`` for a status or header that HTTP does
    not allow, ``ImportError`` for a *response_model* without pydantic.
    """
    if response_class is not None and not (isinstance(response_class, type) and issubclass(response_class, Response)):
        raise TypeError(f"response_class must be a class of wsgiresp.responses, got {response_class!r}")
    if status_code is not None:
        parse(status_code)
    fields = None if headers is None else pairs(headers)
    extend([], fields or ())
    model = None if response_model is None else Model(response_model)
    recipe = _Recipe(response_class, status_code, fields, model)

    def decorate(view: Any) -> Any:
        if not callable(view) or isinstance(view, type):
            raise TypeError(f"respond_with decorates a function, got {view!r}")
        return recipe.applied(view)

    return decorate


@dataclass(frozen=True)
class _Recipe:
    response_class: type[Response] | None
    status_code: int | None
    headers: Any
    model: Model | None

    def applied(self, view: Callable[..., Any]) -> Callable[..., Any]:
        asked = plan(view)

        @functools.wraps(view)
        def respond(*args: Any, **kwargs: Any) -> Any:
            injected = asked.injected(args, kwargs)
            return self.answer(view(*args, **kwargs, **injected.arguments), injected)

        @functools.wraps(view)
        async def respond_later(*args: Any, **kwargs: Any) -> Any:
            injected = asked.injected(args, kwargs)
            return self.answer(await view(*args, **kwargs, **injected.arguments), injected)

        responding = respond_later if _is_async(view) else respond
        setattr(responding, MARK, True)
        return responding

    def answer(self, returned: Any, injected: Injected) -> Any:
        """Return the response for what the view *returned*, with what it set on *injected*."""
        content, status, fields = (returned, None, None) if self.model else parts(returned)
        chosen = injected.response.chosen_status if injected.response else None
        response = self._response(
            unwrapped(content), int(str(status or chosen)[:3]) if status or chosen else self.status_code
        )
        if not isinstance(response, WerkzeugResponse):
            return response  # a framework's own, which has other ways to be changed
        response = merged(response, injected)
        return response if status is None and fields is None else changed(response, status, fields)

    def _response(self, content: Any, status_code: int | None) -> Any:
        if isinstance(content, WerkzeugHTTPException):
            return content.get_response()
        if is_answer(content):
            return content
        arguments: dict[str, Any] = {} if status_code is None else {"status_code": status_code}
        if self.headers is not None:
            arguments["headers"] = self.headers
        if isinstance(content, ITERATORS):
            streamed = self._stream(content, arguments)
            if streamed is not None:
                return streamed
        response_class = self.response_class or class_for(content)
        if self.model is not None:
            return self.model.response(response_class, content, arguments)
        return response_class(content, **arguments)

    def _stream(self, content: Any, arguments: dict[str, Any]) -> Response | None:
        response_class = self.response_class
        if response_class is None:
            found = class_for(content)
            if takes(found, content):
                response_class = found
            elif self.model is not None:
                return None  # the model is that of the whole
        made = stream(content, response_class, **arguments)
        if made is None or self.model is None:
            return made
        items = self.model.each(content, is_events=isinstance(made, EventSourceResponse))
        return stream(items, response_class, **arguments)


def _is_async(view: Any) -> bool:
    return inspect.iscoroutinefunction(view) or inspect.iscoroutinefunction(getattr(view, "__call__", None))  # noqa: B004

"""Response models: pydantic validates and filters what a view returned (``response_model``)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from wsgiresp.exceptions import ResponseValidationError
from wsgiresp.responses import JSONResponse, ORJSONResponse, Response, ServerSentEvent

_PLAIN_JSON = (JSONResponse.render, ORJSONResponse.render)


class Model:
    """A type that pydantic knows: a model, a list or a union of such, a dataclass, a TypedDict.

    Raises ``ImportError`` without pydantic, and pydantic's own error for a type that it does not know.
    """

    def __init__(self, kind: Any) -> None:
        try:
            from pydantic import TypeAdapter, ValidationError
        except ImportError:
            raise ImportError("response_model needs pydantic: pip install wsgiresp[pydantic]") from None
        self._adapter = TypeAdapter(kind)
        self._error = ValidationError

    def response(self, response_class: type[Response], returned: Any, arguments: dict[str, Any]) -> Response:
        """Return *returned* as a *response_class* made with *arguments*; plain JSON is written by pydantic itself.

        Raises ``ResponseValidationError``.
        """
        valid = self._valid(returned)
        if not _writes_plain_json(response_class):
            return response_class(self._adapter.dump_python(valid, mode="json", by_alias=True), **arguments)
        response = response_class(None, **arguments)
        response.body = self._adapter.dump_json(valid, by_alias=True)
        return response

    def each(self, content: Any, *, is_events: bool = False) -> Any:
        """Return *content*, an iterator, with each item validated, in JSON's own types; or as the data of an event.

        A ServerSentEvent, which says itself how it is sent, stays. The iterator raises ``ResponseValidationError``.
        """
        item = self._event if is_events else self._item
        return _each_later(content, item) if isinstance(content, AsyncIterator) else _each(content, item)

    def _item(self, item: Any) -> Any:
        return self._adapter.dump_python(self._valid(item), mode="json", by_alias=True)

    def _event(self, item: Any) -> ServerSentEvent:
        return item if isinstance(item, ServerSentEvent) else ServerSentEvent(data=self._item(item))

    def _valid(self, returned: Any) -> Any:
        try:
            # By attributes too: what comes from a database is an object of another class.
            return self._adapter.validate_python(returned, from_attributes=True)
        except self._error as error:
            raise ResponseValidationError(error.errors()) from error


def _each(content: Iterator[Any], change: Callable[[Any], Any]) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:
        if hasattr(content, "close"):
            stack.callback(content.close)
        yield from map(change, content)


async def _each_later(content: AsyncIterator[Any], change: Callable[[Any], Any]) -> AsyncIterator[Any]:
    async with contextlib.AsyncExitStack() as stack:
        if hasattr(content, "aclose"):
            stack.push_async_callback(content.aclose)
        async for item in content:
            yield change(item)


def _writes_plain_json(response_class: type[Response]) -> bool:
    return (
        issubclass(response_class, JSONResponse)
        and response_class.render in _PLAIN_JSON
        and response_class.encoder is JSONResponse.encoder
    )

"""Coercion of what views return: what is a response already, which class takes the rest, generators as streams."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from werkzeug.exceptions import HTTPException as WerkzeugHTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp.responses import JSONResponse, Response, StreamingResponse

_STATUS_LINE = re.compile(r"[1-9][0-9]{2}(?: .*)?")

TEXT = (str, bytes, bytearray, memoryview)
"""What is text, or bytes that need no encoding."""

ITERATORS = (Iterator, AsyncIterator)
"""What gives its items once, generators above all: it is sent as it comes."""

_answers: list[type] = [WerkzeugResponse, WerkzeugHTTPException]
_finders: list[Callable[[], type[Response] | None]] = []


def register_response_type(kind: type) -> None:
    """Have values of *kind* pass as the answers they are: an adapter says it of the responses of its framework."""
    if kind not in _answers:
        _answers.append(kind)


def is_answer(value: object) -> bool:
    """Return whether *value* is a response, ours or a framework's, or an exception that is one."""
    return isinstance(value, tuple(_answers))


def register_default_class(finder: Callable[[], type[Response] | None]) -> None:
    """Ask *finder* for the default class of the application that runs, None where that is not for it to say."""
    if finder not in _finders:
        _finders.append(finder)


def class_for(content: object) -> type[Response]:
    """Return the default class of the application that runs, where it takes *content*; else JSONResponse, FastAPI's."""
    found = next(filter(None, (finder() for finder in _finders)), JSONResponse)
    # Text is a document too.
    return found if takes(found, content) or not (_streams(found) or _takes_text(found)) else JSONResponse


def takes(response_class: type[Response], content: object) -> bool:
    """Return whether *content* is for *response_class*, where it is a default: text, a document, or an iterator.

    Text and bytes are for a class without a ``render()`` of its own, documents for one that has one.
    """
    if _streams(response_class) or isinstance(content, ITERATORS):
        return _streams(response_class) and isinstance(content, ITERATORS)
    return _takes_text(response_class) is isinstance(content, TEXT)


def stream(content: Any, response_class: type[Response] | None, **arguments: Any) -> Response | None:
    """Return *content*, an iterator, as a stream for views of *response_class*, made with *arguments*.

    A class for text stands for its media type. None for a class that takes an iterator as content, as a JSONResponse
    does for an array.
    """
    if response_class is None:
        return StreamingResponse(content, **arguments)
    if _streams(response_class):
        return response_class(content, **arguments)
    if _takes_text(response_class) and response_class.__init__ is Response.__init__:
        return StreamingResponse(content, media_type=response_class.media_type, **arguments)
    return None


def _streams(response_class: type[Response]) -> bool:
    return issubclass(response_class, StreamingResponse)


def _takes_text(response_class: type[Response]) -> bool:
    return response_class.render is Response.render


def is_record(value: object) -> bool:
    """Return whether *value* is a pydantic model or a dataclass, which no framework takes for an answer."""
    kind = type(value)
    return hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__pydantic_validator__")


def parts(returned: Any) -> tuple[Any, int | str | None, Mapping[str, Any] | None]:
    """Return body, status and headers of what a view returned, where it is one of Flask's tuples.

    ``(body, status)``, ``(body, headers)`` or ``(body, status, headers)``, by the types: a status is a number from 100
    to 599 or a status line, headers are a mapping. Any other tuple is a body.
    """
    if type(returned) is tuple:
        if len(returned) == 2 and _is_status(returned[1]):
            return returned[0], returned[1], None
        if len(returned) == 2 and isinstance(returned[1], Mapping):
            return returned[0], None, returned[1]
        if len(returned) == 3 and _is_status(returned[1]) and isinstance(returned[2], Mapping):
            return returned
    return returned, None, None


def changed(response: WerkzeugResponse, status: int | str | None, fields: Mapping[str, Any] | None) -> WerkzeugResponse:
    """Return *response* with that status and these headers beside its own; one of ours is copied for that."""
    if isinstance(response, Response):
        response = response.__copy__()
    if status is not None:
        response.status = status
    if fields is not None:
        response.headers.update(fields)
    return response


def _is_status(value: object) -> bool:
    if isinstance(value, str):
        return _STATUS_LINE.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599

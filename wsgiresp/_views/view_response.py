"""From the return value of a view to a response, for frameworks that make none of it themselves."""

from __future__ import annotations

from typing import Any, cast

from werkzeug.exceptions import HTTPException as WerkzeugHTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp._protocol.json_types import unwrapped
from wsgiresp.responses import Response, StreamingResponse

from .coercion import ITERATORS, changed, parts, takes
from .injection import Injected
from .merging import merged


def view_response(
    returned: Any, default: type[Response] | None, injected: Injected | None, *, stream_type: str
) -> Response | None:
    """Return the response for what a view *returned*, with what it set on *injected*; None for what makes none.

    *default*: the class for documents, and for text where it is a class for text. An iterator that it does not take is
    a stream of *stream_type*. Of Flask's tuples the status and the headers are taken.
    """
    content, status, fields = parts(returned)
    response = _response(unwrapped(content), default, stream_type)
    if response is None:
        return None
    answered: WerkzeugResponse = response if injected is None else merged(response, injected)
    if status is not None or fields is not None:
        answered = changed(answered, status, fields)
    return cast(Response, answered)


def _response(content: Any, default: type[Response] | None, stream_type: str) -> Response | None:
    if isinstance(content, WerkzeugHTTPException):
        content = content.get_response()
    if isinstance(content, Response):
        return content
    if isinstance(content, WerkzeugResponse):
        return Response.force_type(content)
    if default is not None and takes(default, content):
        return default(content)
    if isinstance(content, ITERATORS):
        return StreamingResponse(content, media_type=stream_type)
    return None

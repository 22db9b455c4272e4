"""Results of views: Django's response for what a view returned or raised, with what it set on injected objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from wsgiresp._runtime.close_order import ClosingBody
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._views.injection import Injected
from wsgiresp._views.merging import additions, is_used
from wsgiresp._views.view_response import view_response
from wsgiresp.adapters._django.conversion import converted, end_with
from wsgiresp.adapters._django.cookies import add_cookie
from wsgiresp.adapters._django.settings import defaults
from wsgiresp.adapters._django.thread_locals import bind
from wsgiresp.exceptions import HTTPException
from wsgiresp.responses import Response
from wsgiresp.responses.close_steps import close_steps

_STREAM_TYPE = "text/html"  # of an iterator, as of Django's own streams


def response_for(request: HttpRequest, returned: Any, injected: Injected | None) -> Response:
    """Return our response for what a view *returned*, with what it set on *injected*.

    Raises ``TypeError`` where nothing can be made of it.
    """
    match = request.resolver_match
    default = defaults().of(match.namespaces if match is not None else [])
    found = view_response(returned, default, injected, stream_type=_STREAM_TYPE)
    if found is None:
        raise TypeError(
            f"a view must return a response, or content for its default class, which is"
            f" {None if default is None else default.__name__}; that of {request.path} returned"
            f" {type(returned).__name__}: name a class for it by respond_with(), HTMLResponse for text"
        )
    return found


def finished(request: HttpRequest, returned: Any, injected: Injected | None) -> HttpResponseBase:
    """Return Django's response for what a view *returned*: a response, a document, a tuple, an iterator."""
    if isinstance(returned, HttpResponseBase):
        return returned if injected is None else _merge_into(returned, request, injected)
    try:
        return converted(request, response_for(request, returned, injected))
    except HTTPException as error:
        return converted_error(request, error)


async def finished_later(request: HttpRequest, returned: Any, injected: Injected | None) -> HttpResponseBase:
    """Return the same, from a coroutine; of a stream the first chunk is made."""
    made = await sync_to_async(finished)(request, returned, injected)
    begin = beginning(made)
    try:
        if begin is not None:
            await begin()
    except HTTPException as error:
        return await sync_to_async(converted_error)(request, error)
    return made


def beginning(made: HttpResponseBase) -> Callable[[], Any] | None:
    """Return the coroutine function that makes the first chunk of an ASGI stream body, None for other responses."""
    body = getattr(made, "_body", None)
    return body.begin if isinstance(body, ASGIStreamBody) else None


def converted_error(request: HttpRequest, error: HTTPException) -> HttpResponseBase:
    """Return the answer that *error* is."""
    return converted(request, response_for(request, error, None))


def _merge_into(made: HttpResponseBase, request: HttpRequest, injected: Injected) -> HttpResponseBase:
    """Return *made* with the status, the fields and the tasks of *injected*."""
    if not is_used(injected):
        return made
    added: Any = additions(injected)
    if added.chosen_status is not None:
        made.status_code, made.reason_phrase = added.status_code, added.status[4:]
    for name in {name.lower(): name for name, _ in added.headers}.values():
        values = added.headers.getlist(name)
        if name.lower() == "set-cookie":
            for value in values:
                add_cookie(made.cookies, value)
        elif name.lower() == "vary":
            patch_vary_headers(made, values)
        else:
            made[name] = ", ".join(values)
    bind(request, added)
    end_with(request, made, ClosingBody((), close_steps(added)).close)
    return made


def roll_back() -> None:
    """Have the transactions of this request rolled back: it failed, though no exception leaves its view."""
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            connection.set_rollback(True)

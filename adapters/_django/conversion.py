"""Conversion of our responses to Django's: prepared for the request, and closed with it."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from wsgiresp._frameworks.copying import FileToWrap, environ_without_wrapper, known_bytes, prepared_copy, simple_answer
from wsgiresp._frameworks.prepared_response import needs_preparation
from wsgiresp._protocol.status import BODILESS
from wsgiresp._streams.wsgi_body import WSGIStreamBody
from wsgiresp._types import Prepared
from wsgiresp.adapters._django import http_responses as kinds
from wsgiresp.adapters._django.asgi_requests import closed_at_last
from wsgiresp.adapters._django.request_body import reads_of_body
from wsgiresp.adapters._django.response_patch import hand_on
from wsgiresp.adapters._django.thread_body import in_thread
from wsgiresp.adapters._django.thread_locals import bind
from wsgiresp.responses import FileResponse, Response, StreamingResponse


def converted(request: HttpRequest, response: Response) -> HttpResponseBase:
    """Return *response* as one of Django's, decided for *request*; see :func:`wsgiresp.adapters.django.to_django`."""
    is_head = _method(request) == "HEAD"
    ready = simple_answer(response, is_head=is_head)
    made: HttpResponseBase
    if ready is not None:
        status, fields, body = ready
        made = kinds.known(status, fields, body, is_head=is_head)
    else:
        made = _prepared(request, response)
    hand_on(response, made)
    return made


def _prepared(request: HttpRequest, response: Response) -> HttpResponseBase:
    method = _method(request)
    is_head, is_known = method == "HEAD", not needs_preparation(response)
    # Of what is known the content is there, for middleware to see. An empty one may announce what GET alone makes.
    asked = "GET" if is_head and is_known and response.calculate_content_length() else method
    if isinstance(response, StreamingResponse) and not isinstance(response._content.content, Iterable):
        reads_of_body(request)  # the content is asynchronous, or a callable that may return such; before the copy below
    environ = environ_without_wrapper(request.META)
    if environ.get("REQUEST_METHOD") != asked:
        environ = {**environ, "REQUEST_METHOD": asked}
    prepare = _prepare_for_loop if isinstance(request, ASGIRequest) else type(response).prepare
    _, prepared = prepared_copy(response, environ, functools.partial(bind, request), prepare)
    kind = kinds.DjangoFileResponse if isinstance(response, FileResponse) else kinds.DjangoStreamingResponse
    made = _made(prepared, kind, is_head, is_known)
    if hasattr(prepared.body, "close"):
        end_with(request, made, _closing(prepared))
    return made


def _closing(prepared: Prepared) -> Callable[[], object]:
    """Return the close of *prepared* for its request.

    The body of a stream on a WSGI server is referenced weakly: its source may reference the request, and then neither
    could be freed if nobody closes the response. A body that is freed closes its source and runs its tasks, since it
    counts as answered from now on.
    """
    body: Any = prepared.body
    if not isinstance(body, WSGIStreamBody):
        return prepared.close
    body.note_answered()
    known = weakref.ref(body)

    def close() -> None:
        found = known()
        if found is not None:
            found.close()

    return close


def _method(request: HttpRequest) -> str:
    """Return the method to answer, which middleware may have changed; but who has sent HEAD takes no body."""
    sent: str | None = request.META.get("REQUEST_METHOD")
    return "HEAD" if sent == "HEAD" else request.method or sent or "GET"


def _prepare_for_loop(response: Response, environ: dict[str, Any]) -> Prepared:
    """Return the answer to a request under ASGI."""
    if not isinstance(response, StreamingResponse):
        return response.prepare(environ)
    prepare = functools.partial(response.prepare_for_loop, environ)
    return in_thread(prepare) if response.needs_thread(environ) else prepare()


def _made(prepared: Prepared, kind: Any, is_head: bool, is_known: bool) -> HttpResponseBase:
    body: Any = prepared.body
    if isinstance(body, FileToWrap):
        prepared.body = body.file
        return kinds.file(prepared.status, prepared.headers, body.file, body.block)
    content = known_bytes(body)
    # What HEAD does not open or start has no length that could be looked at.
    if content is None or (is_head and not is_known and prepared.status_code not in BODILESS):
        return kinds.streaming(kind, prepared.status, prepared.headers, body, is_head=is_head)
    return kinds.known(prepared.status, prepared.headers, content, is_head=is_head)


def end_with(request: Any, made: HttpResponseBase, close: Callable[[], object]) -> None:
    """Call *close* when *made* or *request* is closed: a middleware may send another response than *made*.

    *close* is called twice or more often, so it must have no effect after the first time.
    """
    if isinstance(request, ASGIRequest):
        close = closed_at_last(close)
    made._resource_closers.append(close)  # type: ignore[attr-defined]  # the stubs leave it out
    close_request = request.close

    def close_both() -> None:
        vars(request).pop("close", None)  # it makes a circle with this, which is freed late
        close()
        close_request()

    # Before the handler gives request.close to the response that goes out.
    request.close = close_both

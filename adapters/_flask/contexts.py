"""Application and request contexts of Flask around streams, background tasks and the end of a request."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import weakref
from collections.abc import Iterator
from typing import Any

import flask
from flask import globals as flask_globals
from flask.signals import got_request_exception

from wsgiresp._frameworks.prepared_response import PreparedResponse
from wsgiresp._protocol.one_line import repr_line
from wsgiresp._runtime.around import nested
from wsgiresp._runtime.greenlet_coroutine import NEVER, may_block
from wsgiresp._runtime.request_input import reads_of
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._types import Around
from wsgiresp.background import BackgroundTask, bound
from wsgiresp.responses import Response, StreamingResponse
from wsgiresp.responses.class_around import around_of

# Flask 3.2 makes one context of the two.
IS_ONE = not hasattr(flask_globals, "_cv_request")
CURRENT: Any = getattr(flask_globals, "_cv_request", flask_globals._cv_app)
"""The context variable with the context of the request that is answered, or of an application alone in Flask 3.2."""

_BOUND = "_bound_background"


def request_context() -> Any:
    """Return the context of the request that is answered, None where there is none."""
    context = CURRENT.get(None)
    return context if context is not None and getattr(context, "has_request", True) else None


def take_over(context: contextvars.Context) -> None:
    """Set each variable that is another in *context* than here to what it is there."""
    here = contextvars.copy_context()
    for variable, value in context.items():
        if variable not in here or here[variable] is not value:
            variable.set(value)


def bind_background(app: flask.Flask, response: Response, around: Around | None) -> None:
    """Have each task of *response* run in an application context of its own, and its failure reported to *app*.

    Inside of that context come *around*, that of the extension, and then ``around`` of a streaming response.
    """
    background = response.background
    if background is not None and background is not vars(response).get(_BOUND):
        context = request_context()
        # Set in this context: the tasks run in a copy of it.
        may_block.set(NEVER if context is None else reads_of(ServerProfile(context.request.environ)))
        own = around_of(response) if isinstance(response, StreamingResponse) else None
        enclosing = nested(app.app_context, around, own) or app.app_context
        response.background = bound(background, enclosing, functools.partial(_report, app))
        vars(response)[_BOUND] = response.background


def bind_stream(app: flask.Flask, response: Response, around: Around | None) -> None:
    """Have what *response* streams made in contexts of its own, with the request, session and ``g`` of this one.

    Inside of them come *around*, that of the extension, and then ``around`` of the response.
    """
    if not isinstance(response, StreamingResponse):
        return
    context = request_context()
    contexts: Around | None = None
    if context is not None:
        contexts = functools.partial(_stream_contexts, app, context, flask.g._get_current_object())
    response._adapter_around = nested(contexts, around, around_of(response))


@contextlib.contextmanager
def _stream_contexts(app: flask.Flask, context: Any, g: Any) -> Iterator[None]:
    """Push copies of the contexts: those of the view end with the view, and its teardown waits for no stream."""
    request = context.request
    # Pushing matches the URL anew, and forgets what a preprocessor has taken from the arguments.
    matched = request.url_rule, request.view_args
    twin = context.copy()
    # What comes before the first chunk comes before the hooks, too: after_this_request() is in time there.
    twin._after_request_functions = context._after_request_functions
    contexts = [twin] if IS_ONE else [app.app_context(), twin]
    contexts[0].g = g
    with contextlib.ExitStack() as stack:
        for each in contexts:
            stack.enter_context(each)
        request.url_rule, request.view_args = matched
        yield


def _report(app: flask.Flask, task: BackgroundTask, error: BaseException) -> None:
    app.logger.error("%s failed after a response", repr_line(task), exc_info=error)
    if isinstance(error, Exception):
        got_request_exception.send(app, _async_wrapper=app.ensure_sync, exception=error)


def drop_in_the_end(context: Any, prepared: PreparedResponse) -> None:
    """Have *prepared* dropped at the end of the request of *context* where nobody has called it by then."""
    request = context.request
    close = vars(request).get("close")
    if not isinstance(close, _AtTheEnd):
        close = _AtTheEnd(context)
        request.close = close
    close.prepared.append(prepared)


class _AtTheEnd:
    """Stands in the place of ``request.close``, which Flask calls when it pops a context of the request."""

    def __init__(self, context: Any) -> None:
        # Not the context and the request themselves, which hold this.
        self._context = weakref.ref(context)
        self._request = weakref.ref(context.request)
        self.prepared: list[PreparedResponse] = []

    def __call__(self) -> None:
        context, request = self._context(), self._request()
        # A stream pops a copy of the context when it ends, maybe before the answer goes out.
        if request is not None and context is CURRENT.get(None):
            while self.prepared:
                self.prepared.pop().drop()
            type(request).close(request)

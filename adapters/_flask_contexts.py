"""Flask's contexts around what runs after a view: tasks, and the end of a request."""

from __future__ import annotations

import functools
import weakref
from typing import Any

import flask
from flask import globals as flask_globals
from flask.signals import got_request_exception

from wsgiresp.background import BackgroundTask, bound
from wsgiresp.responses import Response
from wsgiresp.responses.settled import Settled

# Flask 3.2 makes one context of the two.
CURRENT: Any = getattr(flask_globals, "_cv_request", flask_globals._cv_app)
"""The context variable with the context of the request that is answered."""

_BOUND = "_bound_background"


def bind_background(app: flask.Flask, response: Response) -> None:
    """Have each task of *response* run in an application context of its own, and its failure told to *app*."""
    background = response.background
    if background is not None and background is not vars(response).get(_BOUND):
        response.background = bound(background, app.app_context, functools.partial(_report, app))
        vars(response)[_BOUND] = response.background


def _report(app: flask.Flask, task: BackgroundTask, error: BaseException) -> None:
    app.logger.error("%r failed after a response", task, exc_info=error)
    if isinstance(error, Exception):
        got_request_exception.send(app, _async_wrapper=app.ensure_sync, exception=error)


def drop_in_the_end(context: Any, settled: Settled) -> None:
    """Have *settled* dropped at the end of the request of *context* where nobody has called it by then."""
    request = context.request
    close = vars(request).get("close")
    if not isinstance(close, _AtTheEnd):
        close = _AtTheEnd(context)
        request.close = close
    close.settled.append(settled)


class _AtTheEnd:
    """Stands in the place of ``request.close``, which Flask calls when it pops a context of the request."""

    def __init__(self, context: Any) -> None:
        # Not the context and the request themselves, which hold this.
        self._context = weakref.ref(context)
        self._request = weakref.ref(context.request)
        self.settled: list[Settled] = []

    def __call__(self) -> None:
        context, request = self._context(), self._request()
        # A stream pops a copy of the context when it ends, maybe before the answer goes out.
        if request is not None and context is CURRENT.get(None):
            while self.settled:
                self.settled.pop().drop()
            type(request).close(request)

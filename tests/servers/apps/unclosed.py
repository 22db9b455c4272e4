"""Streams behind middleware that never calls ``close()``: one drops the body, one raises while it reads it.

``/ends``, ``/left`` and ``/raises`` stream behind such a middleware, for bare WSGI, and below ``/flask`` and
``/django`` for the frameworks. ``/counts`` tells what there is in the worker, and how many contents were closed and
tasks run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import django
import flask
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path
from object_counts import counts

from wsgiresp import worker_status
from wsgiresp.adapters.flask import Responses
from wsgiresp.responses import BackgroundTask, EventSourceResponse, JSONLinesResponse, JSONResponse, StreamingResponse

closed: list[str] = []
ran: list[str] = []


def rows(kind: str) -> Iterator[dict[str, int]]:
    try:
        for number in range(3 if kind == "ends" else 10**6):
            yield {"data": number}
    finally:
        closed.append(kind)


def streamed(kind: str, number: int) -> StreamingResponse:
    task = BackgroundTask(ran.append, kind)
    if number % 2:
        return EventSourceResponse(rows(kind), background=task)
    return JSONLinesResponse(rows(kind), background=task)


class Unclosed:
    """Reads the body of *app* and never closes it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = self._app(environ, start_response)
        if environ["PATH_INFO"].endswith("/raises"):
            return failing(body)
        if environ["PATH_INFO"].endswith("/left"):
            return beginning(body)
        return map(bytes, body) if environ["PATH_INFO"].endswith("/ends") else body


def failing(body: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in body:
        yield chunk
        raise RuntimeError("this middleware fails")


def beginning(body: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in body:
        yield chunk
        return


def of_query(text: str) -> int:
    return int(text.partition("=")[2] or 0)


def bare(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    kind = environ["PATH_INFO"].rpartition("/")[2]
    if kind == "counts":
        found = {**counts(), "streams": worker_status().streams, "closed": len(closed), "ran": len(ran)}
        return JSONResponse(found)(environ, start_response)
    return streamed(kind, of_query(environ["QUERY_STRING"]))(environ, start_response)


flask_app = flask.Flask(__name__)
Responses(flask_app)


@flask_app.get("/flask/<kind>")
def flask_view(kind: str) -> StreamingResponse:
    return streamed(kind, of_query(flask.request.query_string.decode()))


def django_view(request: Any, kind: str) -> StreamingResponse:
    return streamed(kind, of_query(request.META["QUERY_STRING"]))


urlpatterns = [path("django/<kind>", django_view)]
settings.configure(
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=["wsgiresp.adapters.django.ResponseMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="x",
)
django.setup()
django_app = get_wsgi_application()


def dispatched(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    first = environ["PATH_INFO"].split("/")[1]
    found: WSGIApplication = {"flask": flask_app, "django": django_app}.get(first, bare)
    return found(environ, start_response)


app = Unclosed(dispatched)

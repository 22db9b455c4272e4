"""Views of Flask, Django and bare WSGI that note which trace is current in the view, its source and its tasks.

Run in a process of its own, since sentry-sdk and OpenTelemetry patch what they instrument: see ``scenarios.py``.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent

from wsgiresp import BackgroundTask, Response
from wsgiresp.responses import EventSourceResponse, FileResponse, JSONLinesResponse, PlainTextResponse

FILE = Path(tempfile.mkdtemp(prefix="wsgiresp-telemetry-")) / "data.bin"
FILE.write_bytes(bytes(range(100)))


class Views:
    """The views; *seen* holds the id of the current trace by place.

    *current* returns that id. *span* returns a context manager in which a span of this name is current: each source is
    in one from its first step to its end.
    """

    def __init__(self, current: Callable[[], str], span: Callable[[str], Any]) -> None:
        self._current = current
        self._span = span
        self.seen: dict[str, str] = {}

    def note(self, place: str) -> None:
        self.seen[place] = self._current()

    def by_name(self) -> dict[str, Callable[[], Response]]:
        """Return the views by the last segment of their paths."""
        return {
            "text": lambda: self._noted(PlainTextResponse("text", background=BackgroundTask(self.succeed))),
            "text-async": lambda: self._noted(PlainTextResponse("text", background=BackgroundTask(self.succeed_async))),
            "failing-task": lambda: self._noted(PlainTextResponse("text", background=BackgroundTask(self.fail_task))),
            "failing-task-async": lambda: self._noted(
                PlainTextResponse("text", background=BackgroundTask(self.fail_task_async))
            ),
            "unread": lambda: self._noted(PlainTextResponse("text", background=BackgroundTask(self.succeed))),
            "file": lambda: self._noted(FileResponse(FILE, background=BackgroundTask(self.succeed))),
            "events": lambda: self._stream(EventSourceResponse, self._items()),
            "events-async": lambda: self._stream(EventSourceResponse, self._items_async()),
            "lines": lambda: self._stream(JSONLinesResponse, self._items()),
            "lines-async": lambda: self._stream(JSONLinesResponse, self._items_async()),
            "failing-lines": lambda: self._stream(JSONLinesResponse, self._items(fails_after=1)),
            "failing-lines-async": lambda: self._stream(JSONLinesResponse, self._items_async(fails_after=1)),
            "failing-first": lambda: self._stream(JSONLinesResponse, self._items(fails_after=0)),
            "endless": lambda: self._stream(EventSourceResponse, self._endless()),
            "endless-async": lambda: self._stream(EventSourceResponse, self._endless_async()),
            "endless-lines": lambda: self._stream(JSONLinesResponse, self._endless()),
            "endless-lines-async": lambda: self._stream(JSONLinesResponse, self._endless_async()),
        }

    def _noted(self, response: Response) -> Response:
        self.note("view")
        return response

    def _stream(self, kind: Any, content: Any) -> Response:
        return self._noted(kind(content, background=BackgroundTask(self.succeed)))

    def succeed(self) -> None:
        self.note("task")

    async def succeed_async(self) -> None:
        self.succeed()

    def fail_task(self) -> None:
        self.note("task")
        raise ZeroDivisionError("in a task")

    async def fail_task_async(self) -> None:
        self.fail_task()

    def _items(self, fails_after: int = 2) -> Any:
        with self._span("source"):
            for number in range(2):
                self.note(f"step {number}")
                if number == fails_after:
                    raise ZeroDivisionError("in a source")
                yield {"data": str(number)}

    async def _items_async(self, fails_after: int = 2) -> Any:
        with self._span("source"):
            for number in range(2):
                self.note(f"step {number}")
                if number == fails_after:
                    raise ZeroDivisionError("in a source")
                yield {"data": str(number)}

    def _endless(self) -> Any:
        with self._span("source"):
            try:
                yield "first"
                gevent.sleep(60)
            finally:
                self.note("closed")

    async def _endless_async(self) -> Any:
        with self._span("source"):
            try:
                yield "first"
                await asyncio.sleep(60)
            finally:
                self.note("closed")


def flask_app(views: Views) -> Any:
    """Return an application of Flask with *views*."""
    import flask

    from wsgiresp.adapters.flask import Responses

    app = flask.Flask("telemetry.views")
    Responses(app)
    for name, view in views.by_name().items():
        app.add_url_rule(f"/{name}", name, view)
    return app


def django_app(views: Views, **settings_of_tool: Any) -> Any:
    """Return an application of Django with *views*; the settings are made here, once for the process."""
    import sys
    import types

    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.urls import path

    urls: Any = types.ModuleType("telemetry_urls")
    urls.urlpatterns = [
        path(name, lambda request, view=view: view(), name=name) for name, view in views.by_name().items()
    ]
    sys.modules["telemetry_urls"] = urls
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={},
        LOGGING_CONFIG=None,
        MIDDLEWARE=["wsgiresp.adapters.django.ResponseMiddleware"],
        ROOT_URLCONF="telemetry_urls",
        SECRET_KEY="for these tests alone",
        **settings_of_tool,
    )
    django.setup()
    return WSGIHandler


def bare_app(views: Views) -> Any:
    """Return a WSGI application with *views*."""
    found = views.by_name()

    def app(environ: Any, start_response: Any) -> Any:
        return found[environ["PATH_INFO"].lstrip("/")]()(environ, start_response)

    return app

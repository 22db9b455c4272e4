"""Projects of Django's with the middleware, each for as long as a ``with``, and what a test asks of them."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import django
import gevent
import gevent.local
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from gevent.thread import get_ident as get_greenlet_ident

from wsgiresp.adapters.django import to_django
from wsgiresp.responses import JSONResponse

OURS = "wsgiresp.adapters.django.ResponseMiddleware"
_FOLDER = Path(tempfile.mkdtemp(prefix="wsgiresp-django-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

settings.configure(
    ALLOWED_HOSTS=["*"],
    # In a file, so that every thread and greenlet has a connection of its own to it.
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(_FOLDER / "db.sqlite3")}},
    INSTALLED_APPS=["django.contrib.sessions"],
    LANGUAGES=[("de", "German"), ("en", "English")],
    LOGGING_CONFIG=None,
    MIDDLEWARE=[OURS],
    ROOT_URLCONF=(),
    SECRET_KEY="for these tests alone",
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)
django.setup()


class Urls:
    """What Django takes for the module with the URL patterns."""

    def __init__(self, *patterns: Any) -> None:
        self.urlpatterns = list(patterns)


@contextlib.contextmanager
def project(
    views: Any = None, *, patterns: Sequence[Any] = (), middleware: Sequence[str] = (OURS,), **changed: Any
) -> Iterator[None]:
    """Have a project of *views* by their paths; of one view alone at ``/``. *changed*: other settings."""
    if views is not None and not isinstance(views, dict):
        views = {"": views}
    urls = Urls(*(path(route, view, name=route or "root") for route, view in (views or {}).items()), *patterns)
    with override_settings(ROOT_URLCONF=urls, MIDDLEWARE=list(middleware), **changed):
        yield


def asked(views: Any, target: str = "/", *, method: str = "GET", headers: Any = None, **options: Any) -> Any:
    """Return the answer of a project of *views*, see :func:`project`, to one request, with its ``data`` read."""
    client_options = {key: options.pop(key) for key in ("raise_request_exception",) if key in options}
    with project(views, **options):
        return read(Client(**client_options).generic(method, target, headers=headers))


def read(answer: Any) -> Any:
    """Return *answer* with all of its body as ``data``."""
    answer.data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


@contextlib.contextmanager
def greenlets_as_threads() -> Iterator[None]:
    """Have greenlets take themselves for threads, and have connections of their own, as where gevent has patched."""
    real = threading.get_ident
    storage = vars(connections._connections)["_storage"]
    here = real()
    # Not so in other threads: one of an earlier test may just end, and takes itself off the list by its number.
    threading.get_ident = lambda: get_greenlet_ident() if real() == here else real()
    vars(connections._connections)["_storage"] = gevent.local.local()
    try:
        yield
    finally:
        threading.get_ident = real
        vars(connections._connections)["_storage"] = storage


def in_greenlets(*functions: Callable[[], Any]) -> list[Any]:
    """Return what *functions* return, each called in a greenlet of its own."""
    greenlets = [gevent.spawn(function) for function in functions]
    gevent.joinall(greenlets, timeout=20, raise_error=True)
    return [greenlet.value for greenlet in greenlets]


def asked_in_greenlet(views: Any, target: str = "/", **options: Any) -> Any:
    """Return the answer of a project of *views* in a greenlet of its own."""
    (answer,) = in_greenlets(lambda: asked(views, target, **options))
    return answer


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what *coroutine* returns, within 20 s."""
    return asyncio.run(asyncio.wait_for(coroutine, 20))


async def asked_later(
    views: Any, target: str = "/", *, method: str = "GET", headers: Any = None, **options: Any
) -> Any:
    """Return the answer of the same under ASGI."""
    with project(views, **options):
        answer = await AsyncClient().generic(method, target, headers=headers)
        if answer.streaming:
            answer.data = b"".join([chunk async for chunk in answer])
        else:
            answer.data = answer.content
        return answer


def converted(response: Any, method: str = "GET", **headers: str) -> Any:
    """Return Django's response for *response*, in answer to a request that a factory made."""
    return to_django(RequestFactory().generic(method, "/", headers=headers), response)


def application() -> WSGIHandler:
    """Return the WSGI application of the project that is set."""
    return WSGIHandler()


class Replacing:
    """A middleware that answers by something else than the view does."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        self.get_response(request)
        return HttpResponse("replaced")


class Failing(Replacing):
    """A middleware that fails on what the view returned."""

    def __call__(self, request: Any) -> Any:
        self.get_response(request)
        raise LookupError("in a middleware")


class Answering(Replacing):
    """A middleware that answers by itself, with one of ours."""

    def __call__(self, request: Any) -> Any:
        return JSONResponse({"by": "a middleware"})


class Refusing:
    """A middleware that keeps every request from its view."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        return HttpResponse(status=403)

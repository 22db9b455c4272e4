"""Django with the middleware: files of the folder that the environment has as FILES, streams, tasks.

See ``test_frameworks.py``, and ``test_django.py`` for what is its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import django
from django.conf import settings

from wsgiresp import BackgroundTasks, HTTPException, Response, respond_with
from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)

log = logging.getLogger("django_views")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

FOLDER = os.path.realpath(os.environ["FILES"])

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(FOLDER, "db.sqlite3")}},
    LOGGING_CONFIG=None,
    MIDDLEWARE=[
        "django.middleware.common.CommonMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django_views.TellTheHooksView",
        "wsgiresp.adapters.django.ResponseMiddleware",
    ],
    ROOT_URLCONF="django_views",
    SECRET_KEY="for these tests alone",
)
django.setup()

from django.core.handlers.asgi import ASGIHandler  # noqa: E402 - they need the settings
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection  # noqa: E402
from django.urls import path, reverse  # noqa: E402


class TellTheHooksView:
    """A middleware that says which status it has seen."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        from asgiref.sync import iscoroutinefunction, markcoroutinefunction

        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        if self.is_async:
            return self.call_later(request)
        response = self.get_response(request)
        response.headers["X-Hook"] = str(response.status_code)
        return response

    async def call_later(self, request: Any) -> Any:
        response = await self.get_response(request)
        if request.path.startswith("/held/"):
            log.info("held %s", request.path)
            await asyncio.sleep(600)
        response.headers["X-Hook"] = str(response.status_code)
        return response


def plain(request: Any, name: str) -> Response:
    return FileResponse(name, root=FOLDER)


def deleted(request: Any, name: str) -> Response:
    return FileResponse(name, root=FOLDER, delete_after=True)


def with_a_task(request: Any, name: str, word: str) -> Response:
    return FileResponse(name, root=FOLDER, background=BackgroundTask(tell, word))


def open_files(request: Any) -> Response:
    """Return how many files of the folder this process has open."""
    places = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            places.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:  # that of the listing itself
            continue
    return PlainTextResponse(str(sum(place.startswith(FOLDER) for place in places)))


def query() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        (found,) = cursor.fetchone()
        return int(found)


def tell(word: str) -> None:
    log.info("done %s %s", word, query())


def endless(request: Any, word: str) -> Response:
    def chunks() -> Iterator[str]:
        try:
            while True:
                yield f"{query()} {reverse('endless', args=[word])}\n"
                time.sleep(0.01)
        finally:
            log.info("closed %s", reverse("endless", args=[word]))

    return StreamingResponse(chunks(), background=BackgroundTask(tell, word))


def silent(request: Any, word: str) -> Response:
    async def events() -> AsyncIterator[Any]:
        try:
            yield {"event": "first", "data": request.path}
            await asyncio.sleep(600)
        finally:
            log.info("closed %s", request.path)

    return EventSourceResponse(events(), background=BackgroundTask(tell, word))


def pinged(request: Any, word: str) -> Response:
    def events() -> Iterator[Any]:
        try:
            yield {"event": "first", "data": request.path}
            while True:
                time.sleep(0.05)
                yield "next"
        finally:
            log.info("closed %s", request.path)

    return EventSourceResponse(events(), background=BackgroundTask(tell, word), ping=0.02)


def late_error(request: Any) -> Response:
    def chunks() -> Iterator[str]:
        yield "a"
        time.sleep(0.05)
        raise LookupError("late")

    return StreamingResponse(chunks())


def early_error(request: Any) -> Response:
    def chunks() -> Iterator[str]:
        raise HTTPException(409, "early")
        yield "a"

    return StreamingResponse(chunks())


@respond_with(status_code=201)
def injected(request: Any, word: str, response: Response, tasks: BackgroundTasks) -> Any:
    response.set_cookie("word", word)
    tasks.add_task(tell, word)
    return {"word": word}


def generated(request: Any) -> Any:
    yield request.path
    yield "\n"


ARRIVED: list[int] = []


async def together(request: Any) -> Response:
    """Answer once four of these views are under way."""
    ARRIVED.append(1)
    while len(ARRIVED) < 4:
        await asyncio.sleep(0.01)
    return JSONResponse(len(ARRIVED))


def waiting_task(request: Any, port: int) -> Response:
    return PlainTextResponse("waits\n", background=BackgroundTask(wait_for_client, port))


def wait_for_client(port: int) -> None:
    """Say "ready" to the one that listens at *port*, and be done when it says a byte."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(b"r")
        client.recv(1)
    tell(str(port))


urlpatterns = [
    path("plain/<name>", plain),
    path("deleted/<name>", deleted),
    path("task/<name>/<word>", with_a_task),
    path("open", open_files),
    path("endless/<word>", endless, name="endless"),
    path("held/<word>", silent),
    path("silent/<word>", silent),
    path("pinged/<word>", pinged),
    path("late-error", late_error),
    path("early-error", early_error),
    path("injected/<word>", injected),
    path("generated", generated),
    path("together", together),
    path("waiting-task/<int:port>", waiting_task),
]

handler = WSGIHandler()
asgi = ASGIHandler()


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as Django does, and say of what type the body is that the server gets."""
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        said.append((status, headers))
        return lambda data: None

    body: Iterable[bytes] = handler(environ, start)
    ((status, headers),) = said
    start_response(status, [*headers, ("X-Body", type(body).__name__)])
    return body

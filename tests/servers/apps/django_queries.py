"""Streams and tasks that query the database which the environment describes; see ``test_django_connections.py``."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import django
from django.conf import settings

from wsgiresp.responses import BackgroundTask, PlainTextResponse, Response, StreamingResponse

log = logging.getLogger("django_queries")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
logging.getLogger("django.request").disabled = True

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": json.loads(os.environ["DATABASE"])},
    LOGGING_CONFIG=None,
    MIDDLEWARE=["wsgiresp.adapters.django.ResponseMiddleware"],
    ROOT_URLCONF="django_queries",
    SECRET_KEY="for these tests alone",
)
django.setup()

from asgiref.sync import sync_to_async  # noqa: E402 - they need the settings
from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection  # noqa: E402
from django.urls import path  # noqa: E402


def query() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return str(cursor.fetchone()[0])


def stream(request: Any, number: int) -> Response:
    """Return a stream of three queries, asynchronous for odd numbers."""
    query()

    def chunks() -> Iterator[str]:
        try:
            for _ in range(3):
                yield query()
        finally:
            query()

    async def chunks_later() -> AsyncIterator[str]:
        try:
            for _ in range(3):
                yield await sync_to_async(query)()
        finally:
            await sync_to_async(query)()

    return StreamingResponse(chunks_later() if number % 2 else chunks(), background=BackgroundTask(tell, number))


def task(request: Any, number: int) -> Response:
    """Return an answer with a task that queries, async for odd numbers."""
    query()
    return PlainTextResponse("a", background=BackgroundTask(tell_later if number % 2 else tell, number))


def tell(number: int) -> None:
    log.info("done %d %s", number, query())


async def tell_later(number: int) -> None:
    log.info("done %d %s", number, await sync_to_async(query)())


def descriptors(request: Any) -> Response:
    """Return how many descriptors of the database's file this process has open."""
    name = settings.DATABASES["default"]["NAME"]
    places = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            places.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:
            continue
    return PlainTextResponse(str(places.count(name)))


urlpatterns = [
    path("stream/<int:number>", stream),
    path("task/<int:number>", task),
    path("descriptors", descriptors),
]
app = WSGIHandler()
asgi = ASGIHandler()

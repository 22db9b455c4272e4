"""Async views and async sources that read the body of their request: see ``test_late_bodies.py``.

``/FRAMEWORK/view/KIND``: a view reads the body; ``/FRAMEWORK/source/KIND``: the source of a stream does. Each answers a
digest of what it has read. ``/plain/source/raw`` is WSGI without a framework.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import django
import flask
from django.conf import settings
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from wsgiresp.adapters.flask import Responses
from wsgiresp.responses import EventSourceResponse, PlainTextResponse, StreamingResponse

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    LOGGING_CONFIG=None,
    MIDDLEWARE=["wsgiresp.adapters.django.ResponseMiddleware"],
    ROOT_URLCONF="late_bodies",
    SECRET_KEY="for these tests alone",
)
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 - it needs the settings
from django.urls import path  # noqa: E402

Read = Callable[[Any], bytes]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


flask_app = flask.Flask(__name__)
flask_app.config["MAX_FORM_MEMORY_SIZE"] = None
Responses(flask_app)

FLASK: dict[str, Read] = {
    "json": lambda request: request.get_json()["content"].encode(),
    "form": lambda request: request.form["content"].encode(),
    "files": lambda request: request.files["content"].read(),
    "raw": lambda request: request.stream.read(),
}


@flask_app.post("/view/<kind>")
async def flask_view(kind: str) -> PlainTextResponse:
    return PlainTextResponse(digest(FLASK[kind](flask.request)))


@flask_app.post("/thread/<kind>")
async def flask_thread(kind: str) -> PlainTextResponse:
    return PlainTextResponse(digest(await asyncio.to_thread(FLASK[kind], flask.request)))


@flask_app.post("/child/<kind>")
async def flask_child(kind: str) -> PlainTextResponse:
    async def read() -> bytes:
        await asyncio.sleep(0)
        return FLASK[kind](flask.request)

    content, _ = await asyncio.gather(read(), asyncio.sleep(0))
    return PlainTextResponse(digest(content))


@flask_app.post("/source/<kind>")
async def flask_source(kind: str) -> StreamingResponse:
    async def content() -> AsyncIterator[str]:
        yield digest(FLASK[kind](flask.request))

    return StreamingResponse(content(), media_type="text/plain")


@flask_app.post("/sync-view-source/<kind>")
def flask_sync_source(kind: str) -> StreamingResponse:
    async def content() -> AsyncIterator[str]:
        await asyncio.sleep(0)
        yield digest(FLASK[kind](flask.request))

    return StreamingResponse(content(), media_type="text/plain")


@flask_app.post("/timeout")
async def flask_timeout() -> Any:
    try:
        async with asyncio.timeout(0.2):
            return PlainTextResponse(flask.request.get_data())
    except TimeoutError:
        return PlainTextResponse("too slow", 408)


@flask_app.post("/lost")
async def flask_lost() -> PlainTextResponse:
    print("the view begins", flush=True)
    try:
        content = flask.request.get_data()
        print(f"the view has {len(content)} bytes", flush=True)
    except Exception as error:
        print(f"the view got {type(error).__name__}", flush=True)
        raise
    return PlainTextResponse(content)


@flask_app.get("/ticks")
async def ticks() -> EventSourceResponse:
    async def count() -> AsyncIterator[int]:
        for number in itertools.count():
            yield number
            await asyncio.sleep(0.05)

    return EventSourceResponse(count())


DJANGO: dict[str, Read] = {
    "json": lambda request: json.loads(request.body)["content"].encode(),
    "form": lambda request: request.POST["content"].encode(),
    "files": lambda request: request.FILES["content"].read(),
    "raw": lambda request: request.read(),
}


async def django_view(request: Any, kind: str) -> PlainTextResponse:
    return PlainTextResponse(digest(DJANGO[kind](request)))


async def django_source(request: Any, kind: str) -> StreamingResponse:
    async def content() -> AsyncIterator[str]:
        yield digest(DJANGO[kind](request))

    return StreamingResponse(content(), media_type="text/plain")


urlpatterns = [path("view/<str:kind>", django_view), path("source/<str:kind>", django_source)]


def plain(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    async def content() -> AsyncIterator[str]:
        yield digest(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))

    return StreamingResponse(content(), media_type="text/plain")(environ, start_response)


app = DispatcherMiddleware(plain, {"/flask": flask_app, "/django": WSGIHandler()})

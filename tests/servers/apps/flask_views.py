"""Flask with the extension: files of the folder that the environment has as FILES, streams, tasks.

See ``test_frameworks.py``, and ``test_flask.py`` for what is its own.
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

import flask

from wsgiresp import BackgroundTasks, HTTPException, Response, respond_with
from wsgiresp.adapters.flask import Responses
from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)

log = logging.getLogger("flask_views")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

FOLDER = os.path.realpath(os.environ["FILES"])

flask_app = flask.Flask(__name__, static_folder=None)
flask_app.secret_key = "for these tests alone"
Responses(flask_app)


@flask_app.after_request
def tell_the_hooks_view(response: flask.Response) -> flask.Response:
    response.headers["X-Hook"] = str(response.status_code)
    return response


@flask_app.teardown_request
def tell_of_the_end(error: BaseException | None) -> None:
    log.info("ended %s", flask.request.path)


@flask_app.get("/plain/<name>")
def plain(name: str) -> Response:
    return FileResponse(name, root=FOLDER)


@flask_app.get("/deleted/<name>")
def deleted(name: str) -> Response:
    return FileResponse(name, root=FOLDER, delete_after=True)


@flask_app.get("/task/<name>/<word>")
def with_a_task(name: str, word: str) -> Response:
    return FileResponse(name, root=FOLDER, background=BackgroundTask(tell, word))


@flask_app.get("/open")
def open_files() -> Response:
    """Return how many files of the folder this process has open."""
    places = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            places.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:  # that of the listing itself
            continue
    return PlainTextResponse(str(sum(place.startswith(FOLDER) for place in places)))


def tell(word: str) -> None:
    log.info("done %s in %s", word, flask.current_app.name)


@flask_app.get("/endless/<word>")
def endless(word: str) -> Response:
    def chunks() -> Iterator[str]:
        try:
            while True:
                yield f"{flask.request.path}\n"
                time.sleep(0.01)
        finally:
            log.info("closed %s", flask.request.path)

    return StreamingResponse(chunks(), background=BackgroundTask(tell, word))


@flask_app.get("/silent/<word>")
def silent(word: str) -> Response:
    async def events() -> AsyncIterator[Any]:
        try:
            yield {"event": "first", "data": flask.request.path}
            await asyncio.sleep(600)
        finally:
            log.info("closed %s", flask.request.path)

    return EventSourceResponse(events(), background=BackgroundTask(tell, word))


@flask_app.get("/late-error")
def late_error() -> Response:
    def chunks() -> Iterator[str]:
        yield "a"
        time.sleep(0.05)
        raise LookupError("late")

    return StreamingResponse(chunks())


@flask_app.get("/early-error")
def early_error() -> Response:
    def chunks() -> Iterator[str]:
        raise HTTPException(409, "early")
        yield "a"

    return StreamingResponse(chunks())


@flask_app.get("/injected/<word>")
@respond_with(status_code=201)
def injected(word: str, response: Response, tasks: BackgroundTasks) -> Any:
    response.set_cookie("word", word)
    tasks.add_task(tell, word)
    return {"word": word}


ARRIVED: list[int] = []


@flask_app.get("/together")
async def together() -> Response:
    """Answer once four of these views are under way."""
    ARRIVED.append(1)
    while len(ARRIVED) < 4:
        await asyncio.sleep(0.01)
    return JSONResponse(len(ARRIVED))


@flask_app.get("/waiting-task/<int:port>")
def waiting_task(port: int) -> Response:
    return PlainTextResponse("waits\n", background=BackgroundTask(wait_for_client, port))


def wait_for_client(port: int) -> None:
    """Say "ready" to the one that listens at *port*, and be done when it says a byte."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"r")
        connection.recv(1)
    tell(str(port))


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as Flask does, and say of what type the body is that the server gets."""
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        said.append((status, headers))
        return lambda data: None

    body = flask_app(environ, start)
    ((status, headers),) = said
    start_response(status, [*headers, ("X-Body", type(body).__name__)])
    return body

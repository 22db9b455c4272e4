"""A route for every form of a body that is known, and for every end of one: see ``test_known_bodies.py``."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp.responses import (
    BackgroundTask,
    BackgroundTasks,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

log = logging.getLogger("known_bodies")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

CONSTANT = PlainTextResponse("constant\n", headers={"X-Shared": "yes"})


def cookies(word: str) -> Response:
    response = PlainTextResponse("cookies\n")
    response.set_cookie("theme", "dark")
    response.set_cookie("session", "38af", max_age=60, httponly=True, secure=True, samesite="strict")
    response.delete_cookie("old")
    return response


def unfolded(word: str) -> Response:
    response = Response("<a/>", media_type="application/xml")
    response.headers["X-Late"] = "set after it was made"
    response.headers.add_vary_header("Accept, Accept-Language")
    return response


def two_tasks(word: str) -> Response:
    tasks = BackgroundTasks()
    tasks.add_task(fail, word)
    tasks.add_task(tell, word)
    return PlainTextResponse("two\n", background=tasks)


def fail(word: str) -> None:
    raise LookupError(f"failed {word}")


def tell(word: str) -> None:
    log.info("done %s", word)


async def tell_later(word: str) -> None:
    tell(word)


def wait_for_client(port: str) -> None:
    """Say "ready" to the one that listens at *port*, and be done when it says a byte."""
    with socket.create_connection(("127.0.0.1", int(port)), 10) as connection:
        connection.sendall(b"r")
        connection.recv(1)
    tell(port)


ROUTES: dict[str, Callable[[str], Response]] = {
    "empty": lambda word: Response(),
    "large": lambda word: Response(b"0123456789abcdef" * 65536),
    "text": lambda word: PlainTextResponse("Grüße\n"),
    "json": lambda word: JSONResponse({}),
    "created": lambda word: RedirectResponse("/new", 201),
    "cookies": cookies,
    "fields": lambda word: Response("x", 418, [("Link", "</a>"), ("Link", "</b>"), ("X-Latin", "\xfc\t.")], "text/csv"),
    "unfolded": unfolded,
    "phrase": lambda word: Response("gone", status="404 Gone Fishing"),
    "unknown": lambda word: Response("new", 599),
    "no-content": lambda word: Response("dropped", 204, {"X-Kept": "yes"}),
    "reset-content": lambda word: Response(status_code=205),
    "not-modified": lambda word: Response(status_code=304, headers={"ETag": '"1"'}),
    "constant": lambda word: CONSTANT,
    "task": lambda word: PlainTextResponse("task\n", background=BackgroundTask(tell, word)),
    "async-task": lambda word: JSONResponse({}, background=BackgroundTask(tell_later, word)),
    "large-task": lambda word: Response(b"0123456789abcdef" * 65536, background=BackgroundTask(tell, word)),
    "failing-task": lambda word: PlainTextResponse("fails\n", background=BackgroundTask(fail, word)),
    "two-tasks": two_tasks,
    "waiting-task": lambda port: PlainTextResponse("waits\n", background=BackgroundTask(wait_for_client, port)),
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/route/word``."""
    route, _, word = environ["PATH_INFO"].lstrip("/").partition("/")
    return ROUTES[route](word)(environ, start_response)

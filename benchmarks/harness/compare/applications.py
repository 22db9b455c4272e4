"""The applications that are compared. They use public names of wsgiresp only, for any revision has to run them.

In process one is called by its name in ``IN_PROCESS``; ``served`` is for a server, and its paths say what is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from benchmarks.broadcast import LISTENERS, STREAM, published
from benchmarks.broadcast.wsgiresp import app as broadcast
from benchmarks.chunked import chunks
from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    ServerSentEvent,
    StreamingResponse,
)

from ..cases import HEADERS, SMALL, TARGET, TEXT, objects
from .environment import FILES, require_own_revision

require_own_revision()


ROWS = objects(50)
PING = 600.0  # s: none comes while something is measured


def nothing() -> None:
    """Do nothing, after the response."""


def cookies(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text and two cookies."""
    response = PlainTextResponse(TEXT)
    response.set_cookie("session", "38afes7a8", max_age=3600, httponly=True)
    response.set_cookie("theme", "dark")
    return response(environ, start_response)


def header_set(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text and a header that is set after the constructor."""
    response = PlainTextResponse(TEXT)
    response.headers["X-Request-Id"] = HEADERS["X-Request-Id"]
    return response(environ, start_response)


def text_and_task(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text, and do nothing after it."""
    return PlainTextResponse(TEXT, background=BackgroundTask(nothing))(environ, start_response)


def file(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the file that the path names."""
    return FileResponse(os.environ[FILES] + environ["PATH_INFO"])(environ, start_response)


IN_PROCESS: dict[str, WSGIApplication] = {
    "text": lambda env, start: PlainTextResponse(TEXT)(env, start),
    "3 headers": lambda env, start: PlainTextResponse(TEXT, headers=HEADERS)(env, start),
    "header set": header_set,
    "2 cookies": cookies,
    "redirect": lambda env, start: RedirectResponse(TARGET)(env, start),
    "small JSON": lambda env, start: JSONResponse(SMALL)(env, start),
    "larger JSON": lambda env, start: JSONResponse(ROWS)(env, start),
    "background": text_and_task,
    "file": file,
}


def few_events() -> Iterator[ServerSentEvent]:
    """Return the events of a short answer."""
    for number in range(3):
        yield ServerSentEvent(f"number {number}", event="counted", id=str(number))


SHORT: dict[str, Callable[[], WSGIApplication]] = {
    "/one-chunk": lambda: StreamingResponse(iter([TEXT.encode()]), media_type="text/plain"),
    "/three-events": lambda: EventSourceResponse(few_events()),
    "/background": lambda: text_and_task,
}
"""What makes the answer to each path that is not a stream of chunks, such as ``/64/20000``."""


def _served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    made = SHORT.get(path)
    response = StreamingResponse(chunks(path)) if made is None else made()
    return response(environ, start_response)


_broadcast = broadcast(PING)


def served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as the path says: with events, with a stream, or with something small."""
    path = environ["PATH_INFO"]
    is_broadcast = path in (STREAM, LISTENERS) or bool(published(path))
    return (_broadcast if is_broadcast else _served)(environ, start_response)

"""Streams whose sources tell the log what becomes of them, and when: see ``test_streams.py`` and its kin."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import queue
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
import gevent.event
import gevent.queue
from object_counts import counts

from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)

log = logging.getLogger("streams")
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

SEEN: contextvars.ContextVar[str] = contextvars.ContextVar("SEEN", default="another-context")
FOREVER = 3600.0  # s
MOMENT = 0.3  # s
PING = 0.05  # s, for servers on which nothing else tells of a client that left
BLOCK = "0123456789abcde\n" * 4096

plain_queues: dict[str, queue.Queue[str]] = {}


def tell(what: str, word: str) -> None:
    """Log *what* of *word*, the context in which it was, and the time, which is that of all processes."""
    log.info("%s %s in %s at %.6f", what, word, SEEN.get(), time.monotonic())


def wait_for_words(word: str) -> None:
    """Block the thread, where nothing is patched, until ``/put`` comes."""
    plain_queues[word] = queue.Queue()
    plain_queues[word].get()


# The first four wait cooperatively in any case, the others where gevent has patched the standard library.
WAITS: dict[str, Callable[[str], object]] = {
    "sleep": lambda word: gevent.sleep(FOREVER),
    "event": lambda word: gevent.event.Event().wait(),
    "queue": lambda word: gevent.queue.Queue().get(),
    "moment": lambda word: gevent.sleep(MOMENT),
    "blocked-moment": lambda word: time.sleep(MOMENT),
    "plain-sleep": lambda word: time.sleep(FOREVER),
    "plain-queue": wait_for_words,
}


def waiting(wait: str, word: str) -> Iterator[str]:
    """Yield, wait, yield again."""
    SEEN.set(word)
    tell("began", word)
    try:
        yield "first\n"
        WAITS[wait](word)
        yield "last\n"
    finally:
        tell("closed", word)


def late(wait: str, word: str) -> Iterator[str]:
    """Wait before anything is yielded."""
    WAITS[wait](word)
    yield from waiting("moment", word)


def flowing(wait: str, word: str) -> Iterator[str]:
    """Yield without an end."""
    SEEN.set(word)
    tell("began", word)
    try:
        while True:
            yield BLOCK
    finally:
        tell("closed", word)


async def waiting_there(wait: str, word: str) -> AsyncIterator[str]:
    """Yield, and wait in the asyncio loop."""
    SEEN.set(word)
    tell("began", word)
    try:
        yield "first\n"
        await asyncio.sleep(FOREVER)
    finally:
        tell("closed", word)


async def flowing_there(wait: str, word: str) -> AsyncIterator[str]:
    """Yield without an end in the asyncio loop."""
    SEEN.set(word)
    tell("began", word)
    try:
        while True:
            yield BLOCK
    finally:
        tell("closed", word)


SOURCES: dict[str, Callable[[str, str], Any]] = {
    "async": waiting_there,
    "flow": flowing,
    "async-flow": flowing_there,
}


def waits(kind: str, wait: str, word: str, **more: Any) -> Response:
    """Return a stream of *kind* whose source waits; both tell of their end."""
    source = SOURCES.get(wait, waiting)(wait, word)
    after = BackgroundTask(tell, "after", word)
    if kind == "events":
        return EventSourceResponse(source, background=after, **{"ping": PING, **more})
    return StreamingResponse(source, media_type="text/plain", background=after)


class Failing:
    """A source whose step *at* raises."""

    def __init__(self, error: str, at: str, word: str) -> None:
        self._error = ERRORS[error](f"failed {word}")
        self._left = 0 if at == "first" else 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._left:
            raise self._error
        self._left -= 1
        return "first\n"


class FailingThere(Failing):
    """The same in the asyncio loop."""

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        return self.__next__()


ERRORS: dict[str, type[BaseException]] = {
    "LookupError": LookupError,
    "OSError": OSError,
    "ConnectionResetError": ConnectionResetError,
    "GreenletExit": gevent.GreenletExit,
    "SystemExit": SystemExit,
    "CancelledError": asyncio.CancelledError,
}


def fails(kind: str, source: str, error: str, at: str, word: str) -> Response:
    content: Any = (FailingThere if source == "async" else Failing)(error, at, word)
    after = BackgroundTask(tell, "after", word)
    return (EventSourceResponse if kind == "events" else StreamingResponse)(content, background=after)


def announced(length: str, word: str) -> Response:
    """Return six bytes in two chunks under another length."""
    after = BackgroundTask(tell, "after", word)
    return StreamingResponse(iter(["abc", "def"]), headers={"Content-Length": length}, background=after)


def event_after(last: str | None) -> Iterator[str]:
    yield f"after {last}"


ROUTES: dict[str, Callable[..., Response]] = {
    "text": lambda: PlainTextResponse("text\n"),
    "counts": lambda: JSONResponse(counts()),
    "put": lambda word: PlainTextResponse(str(plain_queues.pop(word).put(""))),
    "waits": waits,
    "late": lambda wait, word: EventSourceResponse(late(wait, word), ping=PING),
    "stuck": functools.partial(waits, "events", send_timeout=MOMENT),
    "patient": functools.partial(waits, "events", send_timeout=1),
    "aged": functools.partial(waits, "events", max_age=MOMENT, retry=100),
    "fails": fails,
    "announced": announced,
    "length": lambda: StreamingResponse(["abc", "def"], 203, {"Content-Length": "6", "X-Kept": "yes"}),
    "no-content": lambda: StreamingResponse(["dropped"], 204),
    "resumed": lambda: EventSourceResponse(event_after),
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/route/word...``."""
    route, *words = environ["PATH_INFO"].lstrip("/").split("/")
    return ROUTES[route](*words)(environ, start_response)

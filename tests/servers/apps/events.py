"""Streams of events for real clients; NAME is that of a test. See ``tests/clients``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import shift_path_info

import gevent
from gevent.event import Event

from wsgiresp import (
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    PlainTextResponse,
    Response,
    ServerSentEvent,
)

log = logging.getLogger("events")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

LAST = 24  # the number of the last event of /numbered
STEP = 5  # events of one connection
SIGN = "№ é"  # so that an id takes UTF-8 to write

released: dict[str, Event] = {}


def page(name: str) -> Response:
    """Answer with a page of this origin that asks for nothing."""
    return HTMLResponse('<!doctype html><title>Events</title><link rel="icon" href="data:,">')


def silent(name: str) -> Response:
    """Send an event once somebody has asked for ``/release/NAME``."""
    event = released.setdefault(name, Event())

    def source() -> Iterator[str]:
        event.wait()
        yield "released"

    return EventSourceResponse(source())


def release(name: str) -> Response:
    """Let ``/silent/NAME`` send its event."""
    released.setdefault(name, Event()).set()
    return PlainTextResponse("")


def typed(name: str) -> Response:
    """Send events of each kind, with pings between them and a retry, and an end."""

    def source() -> Iterator[object]:
        yield "text"
        yield {"event": "record", "data": {"price": 1.5, "name": "Grüße"}, "id": "1"}
        gevent.sleep(0.2)  # for pings, right behind an event with an id
        yield ServerSentEvent("two\nlines\r\nor\rfour", event="record", id=2, retry=5000)
        yield ServerSentEvent(comment="nothing but a comment")
        yield ["\u2028", " \ufeff", None]
        yield ServerSentEvent("", event="record", id="")
        yield {"event": "end", "data": ""}

    return EventSourceResponse(source(), ping=0.02, retry=4000)


def numbered(name: str, how: str) -> Response:
    """Send the numbers up to LAST after the one that the client saw; each connection ends before, as *how* says."""

    def source(last_id: str | None) -> Iterator[object]:
        log.info("%s asked after %s", name, ascii(last_id))
        seen = int(last_id.removeprefix(SIGN)) if last_id else 0
        for number in range(seen + 1, LAST + 1):
            if how != "ages" and number > seen + STEP:
                if how == "fails":
                    raise LookupError(f"no number {number}")
                return
            if how == "ages":
                gevent.sleep(0.02)
            yield {"event": "number", "data": number, "id": f"{SIGN}{number}"}
        yield {"event": "end", "data": ""}

    return EventSourceResponse(source, retry=10, max_age=0.2 if how == "ages" else None)


def lines(name: str) -> Response:
    """Send documents, a line each, with what some take for the end of a line."""
    return JSONLinesResponse({"number": number, "text": "a\u2028b\u2029c\x85d\x0be"} for number in range(3))


def once(environ: WSGIEnvironment) -> Response:
    """Send one event, and nothing to a client that has it."""
    if "HTTP_LAST_EVENT_ID" in environ:
        return Response(status_code=204)
    return EventSourceResponse([{"data": "all there is", "id": "1"}], retry=10)


def endless(name: str) -> Response:
    """Send an event and wait for ever."""

    def source() -> Iterator[str]:
        try:
            yield "one"
            Event().wait()
        finally:
            log.info("closed %s", name)

    return EventSourceResponse(source())


ROUTES: dict[str | None, Callable[[str], Response]] = {
    "ages": lambda name: numbered(name, "ages"),
    "endless": endless,
    "ends": lambda name: numbered(name, "ends"),
    "fails": lambda name: numbered(name, "fails"),
    "lines": lines,
    "page": page,
    "release": release,
    "silent": silent,
    "typed": typed,
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/route/NAME``."""
    route = shift_path_info(environ)
    name = environ["PATH_INFO"].removeprefix("/")
    response = once(environ) if route == "once" else ROUTES[route](name)
    return response(environ, start_response)

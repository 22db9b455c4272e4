"""A plain WSGI application with streams: server-sent events, exports, an asynchronous generator.

``demo.py`` serves it below ``/streams``. ``README.md`` here lists what each route answers.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from journal import Journal, parse_number
from werkzeug.wrappers import Request

from wsgiresp.responses import (
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    ServerSentEvent,
    StreamingResponse,
)

log = logging.getLogger("stream_app")
# What an application does once where it starts, and a library never.
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
log.setLevel(logging.INFO)

WEATHER = Path(__file__).parent / "data" / "weather.csv"
PACE = 0.1  # s for a month: long enough to be seen

View = Callable[[Request], Response]
ROUTES: dict[str, View] = {}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request by the view for its path."""
    request = Request(environ)
    view = ROUTES.get(request.path)
    if view is None:
        response: Response = PlainTextResponse("Not Found\n", status_code=404)
    elif request.method not in {"GET", "HEAD"}:
        response = PlainTextResponse("Method Not Allowed\n", status_code=405, headers={"Allow": "GET, HEAD"})
    elif not environ["PATH_INFO"]:
        # The links of the page are relative, so it must be at the slash.
        response = RedirectResponse(f"{request.script_root}/")
    else:
        response = view(request)
        log.info("%s %s%s", request.method, request.script_root, request.path)
    return response(environ, start_response)


def route(path: str) -> Callable[[View], View]:
    """Return a decorator that makes a view answer at *path*."""

    def register(view: View) -> View:
        ROUTES[path] = view
        return view

    return register


# The folder of serve_conf.py: what one worker logs, the others tell, and those after it.
SHARED = os.environ.get("DEMO_FOLDER")
JOURNAL = Journal(1000, Path(SHARED) / "journal.sqlite" if SHARED else None)
log.addHandler(JOURNAL)


@route("/")
def index(request: Request) -> Response:
    """HTMLResponse: this list"""
    # The links are relative: demo.py serves them below a path of their own.
    items = "".join(
        f'<li><a href=".{path}">{path}</a> {escape(view.__doc__ or "")}</li>\n' for path, view in ROUTES.items()
    )
    return HTMLResponse(f"<!doctype html>\n<title>Streams</title>\n<h1>Streams</h1>\n<ul>\n{items}</ul>\n")


@route("/progress")
def progress(request: Request) -> Response:
    """EventSourceResponse: work that takes its time, in typed events; taken up where the client lost it"""
    if request.headers.get("Last-Event-ID") == "done":
        return Response(status_code=204)  # the one answer after which a browser does not connect again
    # A connection lasts 1.5 s, so that there is something to take up.
    return EventSourceResponse(rain_by_month, retry=200, max_age=1.5)


@route("/log")
def live_log(request: Request) -> Response:
    """EventSourceResponse: the log, without an end; ?last_id= for a page that closed its own stream and goes on"""

    def events(last_id: str | None) -> Iterator[ServerSentEvent]:
        # A browser that comes back by itself sends the field; an EventSource that a page makes anew has none to send.
        after = last_id or request.args.get("last_id")
        yield ServerSentEvent({"worker": os.getpid(), "after": after, "by_field": bool(last_id)}, event="worker")
        yield from JOURNAL.events(after)

    return EventSourceResponse(events, retry=500)


@route("/days.jsonl")
def days_as_lines(request: Request) -> Response:
    """JSONLinesResponse: a document for each day, with dates and Decimals; ?pause=0 to 99 milliseconds after each"""
    pause = request.args.get("pause", "0")
    if not (pause.isascii() and pause.isdigit() and len(pause) <= 2):
        return JSONResponse({"detail": "pause must be a whole number from 0 to 99"}, status_code=400)

    def lines() -> Iterator[dict[str, Any]]:
        sent = 0
        try:
            for day in days():
                yield day
                sent += 1
                time.sleep(int(pause) / 1000)
        finally:
            # At once when the client leaves, wherever it is by then.
            log.info("days.jsonl: %s days have gone out", sent)

    return JSONLinesResponse(lines())


@route("/weather.csv")
def weather(request: Request) -> Response:
    """StreamingResponse: a file as it is read, line by line"""

    def lines() -> Iterator[bytes]:
        with WEATHER.open("rb") as file:
            yield from file

    return StreamingResponse(lines(), media_type="text/csv")


@route("/count")
def count(request: Request) -> Response:
    """StreamingResponse: an asynchronous generator; ?pause=0 to 5 seconds after each of its ten lines"""
    pause = request.args.get("pause", "1")
    if pause not in {"0", "1", "2", "3", "4", "5"}:
        return JSONResponse({"detail": "pause must be a whole number from 0 to 5"}, status_code=400)

    async def generate() -> AsyncIterator[str]:
        for i in range(10):
            yield f"data: {i}\n"
            await asyncio.sleep(int(pause))

    return StreamingResponse(generate(), media_type="text/plain")


def days() -> Iterator[dict[str, Any]]:
    """Yield the days of the data set as they are read, oldest first."""
    with WEATHER.open(encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: date.fromisoformat(row[name]) if name == "date" else Decimal(row[name]) for name in row}


def rain_by_month(last_id: str | None) -> Iterator[ServerSentEvent]:
    """Yield the mm of rain of each month after number *last_id*, one at a time, and in the end that all is done."""
    months = [(month, list(rows)) for month, rows in itertools.groupby(days(), lambda day: f"{day['date']:%Y-%m}")]
    done = parse_number(last_id or "")
    yield ServerSentEvent({"months": len(months)}, event="start")
    for number, (month, rows) in enumerate(months[done:], done + 1):
        time.sleep(PACE)
        rain = sum(row["rain"] for row in rows)
        log.info("%s: %s mm of rain", month, rain)
        yield ServerSentEvent({"month": month, "rain": rain}, event="month", id=number)
    yield ServerSentEvent("", event="done", id="done")

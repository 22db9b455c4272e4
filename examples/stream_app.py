"""A plain WSGI application with streams: a live page over server-sent events, exports, an asynchronous generator.

``demo.py`` serves it below ``/streams``. ``README.md`` here lists what each route answers.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from gevent.event import Event
from werkzeug.wrappers import Request

from wsgiresp.responses import (
    EventSourceResponse,
    FileResponse,
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

HERE = Path(__file__).parent
WEATHER = HERE / "data" / "weather.csv"
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


class Journal(logging.Handler):
    """The last lines of the log, and each new one as it comes, as events for any number of readers.

    *most*: the lines that are kept. A reader that comes back gets what it has missed of them.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self._lines: deque[tuple[int, str]] = deque(maxlen=most)
        # Ids of an earlier run, or of another worker, name other lines.
        self._run = f"{time.time_ns():x}"
        self._arrivals: set[Event] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of *record*, and wake all who wait for it."""
        self._lines.append((next(self._numbers), self.format(record)))
        for arrival in tuple(self._arrivals):
            arrival.set()

    def events(self, last_id: str | None) -> Iterator[ServerSentEvent]:
        """Yield the lines after that of *last_id*, or all that are kept where it is none of this run; then wait."""
        run, _, digits = (last_id or "").partition("-")
        seen = parse_number(digits) if run == self._run else 0
        arrival = Event()  # of gevent's, and one for each reader: it must be waited for in one thread only
        self._arrivals.add(arrival)
        try:
            while True:
                # Before the look at the lines: what comes after that look has set it when we wait.
                arrival.clear()
                for number, line in tuple(self._lines):
                    if number > seen:
                        seen = number
                        yield ServerSentEvent(line, event="line", id=f"{self._run}-{number}")
                arrival.wait()
        finally:
            self._arrivals.remove(arrival)


JOURNAL = Journal(200)
log.addHandler(JOURNAL)


@route("/")
def page(request: Request) -> Response:
    """FileResponse: the page that shows the streams"""
    return FileResponse(HERE / "live.html", max_age=0)


@route("/progress")
def progress(request: Request) -> Response:
    """EventSourceResponse: work that takes its time, in typed events; taken up where the client lost it"""
    if request.headers.get("Last-Event-ID") == "done":
        return Response(status_code=204)  # the one answer after which a browser does not connect again
    # A connection lasts 1.5 s, so that there is something to take up.
    return EventSourceResponse(rain_by_month, retry=200, max_age=1.5)


@route("/log")
def live_log(request: Request) -> Response:
    """EventSourceResponse: the log of this worker, without an end"""
    return EventSourceResponse(JOURNAL.events)


@route("/days.jsonl")
def days_as_lines(request: Request) -> Response:
    """JSONLinesResponse: a document for each day, with dates and Decimals"""
    return JSONLinesResponse(days())


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


def parse_number(text: str) -> int:
    """Return the number that *text* from a client stands for, 0 where it is none."""
    # 18 digits at most: int() of a very long number takes very long.
    return int(text) if text.isdecimal() and len(text) <= 18 else 0

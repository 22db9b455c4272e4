"""A plain WSGI application with a route for each response class.

There is no framework: werkzeug's ``Request`` reads the request, a dict finds the view, and what the view returns is
itself a WSGI callable. ``README.md`` here lists what each route answers, byte for byte, as ``curl -i`` shows it.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Request

from wsgiresp import BackgroundTask, serve_files
from wsgiresp.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

log = logging.getLogger("plain_app")
# What an application does once where it starts, and a library never.
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

View = Callable[[Request], Response]
ROUTES: dict[str, View] = {}


def routes(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request by the view for its path."""
    request = Request(environ)
    view = ROUTES.get(request.path)
    if view is None:
        response: Response = PlainTextResponse("Not Found\n", status_code=404)
    elif request.method not in {"GET", "HEAD"}:
        response = PlainTextResponse("Method Not Allowed\n", status_code=405, headers={"Allow": "GET, HEAD"})
    else:
        response = view(request)
    return response(environ, start_response)


DATA = Path(__file__).parent / "data"

# This is what a WSGI server calls. It takes "/data" off the path that it hands to the folder.
app = DispatcherMiddleware(routes, {"/data": serve_files(DATA)})


def route(path: str) -> Callable[[View], View]:
    """Return a decorator that makes a view answer at *path*."""

    def register(view: View) -> View:
        ROUTES[path] = view
        return view

    return register


@dataclass(frozen=True, slots=True)
class Day:
    """The weather of one day: lowest and highest degrees Celsius, mm of rain, m/s of wind."""

    date: date
    low: Decimal
    high: Decimal
    rain: Decimal
    wind: Decimal


def read_days(path: Path) -> list[Day]:
    """Return the days of the CSV file at *path*, oldest first."""
    with path.open(encoding="ascii", newline="") as file:
        return [
            Day(date.fromisoformat(day), Decimal(low), Decimal(high), Decimal(rain), Decimal(wind))
            for day, low, high, rain, wind in list(csv.reader(file))[1:]
        ]


DAYS = read_days(DATA / "weather.csv")


@route("/")
def index(request: Request) -> Response:
    """HTMLResponse: this list"""
    # This list is at the path that was asked for: in demo.py that is another.
    listed = {request.path if view is index else path: view.__doc__ or "" for path, view in ROUTES.items()}
    listed["/data/weather.csv"] = "serve_files(): the files of a folder by their names, each to be asked for again"
    listed["/streams/"] = "stream_app.py: events, exports; where demo.py serves both"
    items = "".join(f'<li><a href="{path}">{path}</a> {escape(about)}</li>\n' for path, about in listed.items())
    return HTMLResponse(f"<!doctype html>\n<title>Routes</title>\n<h1>Routes</h1>\n<ul>\n{items}</ul>\n")


@route("/text")
def text(request: Request) -> Response:
    """PlainTextResponse: text in UTF-8"""
    return PlainTextResponse("Grüß Gott!\n")


@route("/html")
def html(request: Request) -> Response:
    """HTMLResponse: a page"""
    return HTMLResponse("<!doctype html>\n<title>Page</title>\n<p>A page.</p>\n")


@route("/bytes")
def binary(request: Request) -> Response:
    """Response: bytes as they are, without a media type"""
    return Response(b"\x00\x01\xfe\xff")


@route("/json")
def json(request: Request) -> Response:
    """JSONResponse: dates and Decimals of a CSV file; ?limit=1 to 1096 days, ?since=2024-02-29; a bad value is a 400"""
    return weather(request, JSONResponse)


@route("/orjson")
def orjson(request: Request) -> Response:
    """ORJSONResponse: the same document through orjson"""
    return weather(request, ORJSONResponse)


@route("/file")
def file(request: Request) -> Response:
    """FileResponse: a file to download, or the part that a Range asks for"""
    return FileResponse(DATA / "weather.csv", filename="météo 2022-2024.csv")


@route("/redirect")
def redirect(request: Request) -> Response:
    """RedirectResponse: 307, the client repeats the request elsewhere"""
    return RedirectResponse("/text")


@route("/redirect/see-other")
def see_other(request: Request) -> Response:
    """RedirectResponse with a status: 303, the client goes on with GET"""
    return RedirectResponse("/text", status_code=303)


@route("/cookies")
def cookies(request: Request) -> Response:
    """The cookies that the client sent"""
    return JSONResponse(request.cookies.to_dict())


@route("/cookies/set")
def set_cookies(request: Request) -> Response:
    """set_cookie(): one for the visit, one for a day; over HTTPS both should have secure=True"""
    response = PlainTextResponse("Set.\n")
    response.set_cookie("theme", "dark")
    response.set_cookie("session", "38afes7a8", max_age=86400, httponly=True, samesite="strict")
    return response


@route("/cookies/delete")
def delete_cookies(request: Request) -> Response:
    """delete_cookie(): the client forgets both"""
    response = PlainTextResponse("Deleted.\n")
    response.delete_cookie("theme")
    response.delete_cookie("session", httponly=True, samesite="strict")
    return response


@route("/background")
def background(request: Request) -> Response:
    """BackgroundTask: a line in the log of the server, once the response has gone out"""
    task = BackgroundTask(log.info, "answered %s %s", request.method, request.path)
    return PlainTextResponse("The log line is written after this one.\n", background=task)


@route("/custom")
def custom(request: Request) -> Response:
    """Response: status, headers and media type of its own"""
    return Response(
        "<outage><ends>soon</ends></outage>\n",
        status_code=503,
        headers={"Retry-After": "120", "Cache-Control": "no-store"},
        media_type="application/xml",
    )


class CSVResponse(Response):
    """Days as CSV: a subclass that says its media type and makes bytes of its content, as with Starlette."""

    media_type = "text/csv"

    def render(self, content: Iterable[Day]) -> bytes:
        """Return a line for each of the days in *content*, under a head."""
        lines = [f"{day.date},{day.low},{day.high}\n" for day in content]
        return "".join(["date,low,high\n", *lines]).encode(self.charset)


@route("/subclass")
def subclass(request: Request) -> Response:
    """A subclass of Response with media_type and render()"""
    return CSVResponse(DAYS[:2])


def weather(request: Request, response_class: type[JSONResponse]) -> Response:
    """Return the days that the query asks for; a 400 that says what is wrong if it asks for something else."""
    try:
        limit = parse_limit(request.args.get("limit", "10"))
        since = parse_since(request.args.get("since", "2022-01-01"))
    except ValueError as error:
        return response_class({"detail": str(error)}, status_code=400)
    days = [day for day in DAYS if day.date >= since][:limit]
    return response_class({"station": "Nowhere", "rain": sum((day.rain for day in days), Decimal()), "days": days})


def parse_limit(value: str) -> int:
    """Return a number of days; ``ValueError`` with words for the client if *value* is none."""
    # Four digits at most: int() of a very long number takes very long.
    if len(value) <= 4 and value.isascii() and value.isdigit() and 1 <= int(value) <= len(DAYS):
        return int(value)
    raise ValueError(f"limit must be a whole number from 1 to {len(DAYS)}")


def parse_since(value: str) -> date:
    """Return a day; ``ValueError`` with words for the client if *value* is none."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("since must be a date such as 2024-02-29") from None

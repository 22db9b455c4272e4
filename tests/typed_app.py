"""A user's module, for the type checkers alone: what they must understand of the public names."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import flask

from wsgiresp import (
    BackgroundTask,
    BackgroundTasks,
    HTTPException,
    WorkerStatus,
    early_hints,
    respond_with,
    serve_files,
    worker_status,
)
from wsgiresp.adapters.flask import Blueprint, Responses
from wsgiresp.responses import (
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    ServerSentEvent,
    StreamingResponse,
    XAccelRedirect,
    XSendfile,
    content_disposition,
    json_encoder,
)
from wsgiresp.testing import ReceivedEvent, visit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

application: WSGIApplication = PlainTextResponse("ok")
folder: WSGIApplication = serve_files(
    Path("static"),
    index="index.html",
    max_age=lambda path: "immutable" if path.startswith("assets/") else None,
    fallback="index.html",
)
site = flask.Flask(__name__)


class PrettyResponse(JSONResponse):
    encoder = json_encoder(indent=2)


class UpperCaseResponse(Response):
    media_type = "text/plain"

    def render(self, content: Any) -> bytes:
        return super().render(content.upper())


class ProtectedFile(FileResponse):
    offload = XAccelRedirect("/protected/", Path("files"))


class OffloadedPath:
    def field(self, place: str) -> tuple[str, str]:
        return "X-Path", place


def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    assert_type(early_hints(environ, ["</app.css>; rel=preload; as=style"]), bool)
    response = JSONResponse({"price": Decimal("1.10")}, status_code=201, headers=[("Link", "</a>"), ("Link", "</b>")])
    response.set_cookie("session_id", "abc123", max_age=timedelta(hours=1), httponly=True, samesite="strict")
    response.delete_cookie("old")
    response.headers["X-Custom-Header"] = "value"
    response.headers.append("X-Custom-Header", "another")
    response.background = BackgroundTask(print, "done", sep="")
    assert_type(response.body, bytes)
    assert_type(response.status_code, int)
    response.body = b"{}"
    return response(environ, start_response)


def tasks() -> BackgroundTasks:
    waiting = BackgroundTasks()
    waiting.add_task(print, "sent")
    waiting.with_options(retries=3, timeout=5.0, on_error=print).add_task(print, "sent")
    assert_type(BackgroundTask(print, "sent").with_options(timeout=1), BackgroundTask)
    return waiting


@site.get("/")
def page() -> Response:
    return HTMLResponse("<h1>Hello</h1>", headers={"X-Page": "1"}, background=tasks())


@site.get("/health")
def health() -> JSONResponse:
    status = worker_status()
    assert_type(status, WorkerStatus)
    assert_type(status.streams, int)
    return JSONResponse(status, 503 if status.tasks_waiting > 100 else 200)


@site.get("/old-path")
def moved() -> RedirectResponse:
    return RedirectResponse("/", 308, allowed_hosts=["shop.example"])


@site.get("/items")
def items() -> ORJSONResponse:
    return ORJSONResponse([{"price": 42.0}])


@site.get("/reports/<path:name>")
def report(name: str) -> FileResponse:
    return FileResponse(name, root=Path("reports"), filename=name, max_age=timedelta(hours=1), background=tasks())


@site.get("/files/<path:name>")
def file(name: str) -> Response:
    return ProtectedFile(name, root="files", etag=False, content_disposition_type="inline")


def table(rows: Iterator[str]) -> StreamingResponse:
    assert_type(content_disposition("table.csv", "inline"), str)
    return StreamingResponse(rows, headers={"Content-Disposition": content_disposition("table.csv")})


def release(path: str, status: os.stat_result) -> str | None:
    return f"r41-{status.st_size}" if path.endswith(".js") else None


def tagged(path: Path) -> tuple[FileResponse, FileResponse]:
    return FileResponse(path, etag="r41"), FileResponse(path, etag=release)


assets = serve_files("assets", etag=release)


def opened(path: Path) -> FileResponse:
    response = FileResponse(path.open("rb"), 200, {"X-Page": "1"}, "text/csv")
    assert_type(response.prepare({"REQUEST_METHOD": "GET"}).status_code, int)
    return response


def offloaded(path: str) -> list[FileResponse]:
    return [FileResponse(path, offload=XSendfile()), FileResponse(path, offload=OffloadedPath())]


def progress(done: int) -> ServerSentEvent:
    event = ServerSentEvent({"done": done}, event="progress", id=done, retry=3000, comment="so far")
    assert_type(event.id, str | None)
    assert_type(event.retry, int | None)
    return event


Responses(site, default_response_class=ORJSONResponse)
pages = Blueprint("pages", __name__, default_response_class=HTMLResponse)


@pages.get("/about")
@respond_with(HTMLResponse, status_code=203, headers={"X-Page": "about"})
def about(response: Response, tasks: BackgroundTasks) -> str:
    response.headers["X-Page"] = "1"
    return "<h1>About</h1>"


@pages.get("/later")
@respond_with(response_model=dict[str, int])
async def later() -> dict[str, int]:
    raise HTTPException(404, detail={"id": 1}, headers=[("Link", "</a>"), ("Link", "</b>")])


refused: WSGIApplication = HTTPException(status_code=403)


class UpperCaseStream(StreamingResponse):
    media_type = "text/plain"

    def render_chunk(self, chunk: Any) -> bytes:
        return super().render_chunk(chunk).upper()


def rows() -> Iterator[dict[str, int]]:
    yield {"row": 1}


async def ticks() -> AsyncIterator[ServerSentEvent | str]:
    yield ServerSentEvent("tick", id=1)
    yield "tick"


def since(last_event_id: str | None) -> Iterable[str]:
    return [last_event_id or "from the start"]


@site.get("/export")
def export() -> JSONLinesResponse:
    return JSONLinesResponse(rows(), headers={"X-Page": "1"}, background=tasks())


def streams(path: Path) -> list[StreamingResponse]:
    return [
        StreamingResponse(path.open("rb"), 200, {"Content-Length": "3"}, "text/csv"),
        UpperCaseStream(iter([b"a", "b"])),
        EventSourceResponse(ticks(), ping=20, retry=3000, send_timeout=60.0, max_age=3600),
        EventSourceResponse(since),
    ]


def visited() -> list[ReceivedEvent]:
    with visit(EventSourceResponse(since), "/events", headers={"Last-Event-ID": "5"}, timeout=1.0) as visitor:
        assert_type(visitor.status_code, int)
        assert_type(visitor.read(), bytes)
        first = visitor.next_event()
        assert_type(first.json(), Any)
        return [first, *visitor.events()]

"""A user's module, for the type checkers alone: what they must understand of the public names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_type

import flask

from wsgiresp import BackgroundTask, BackgroundTasks
from wsgiresp.responses import (
    HTMLResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    json_encoder,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

application: WSGIApplication = PlainTextResponse("ok")
site = flask.Flask(__name__)


class PrettyResponse(JSONResponse):
    encoder = json_encoder(indent=2)


class UpperCaseResponse(Response):
    media_type = "text/plain"

    def render(self, content: Any) -> bytes:
        return super().render(content.upper())


def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
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
    return waiting


@site.get("/")
def page() -> Response:
    return HTMLResponse("<h1>Hello</h1>", headers={"X-Page": "1"}, background=tasks())


@site.get("/old-path")
def moved() -> RedirectResponse:
    return RedirectResponse("/", 308, allowed_hosts=["shop.example"])


@site.get("/items")
def items() -> ORJSONResponse:
    return ORJSONResponse([{"price": 42.0}])

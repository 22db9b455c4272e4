"""Ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT
from benchmarks.harness.events import Event
from wsgiresp._protocol.event_stream import encode
from wsgiresp.responses import (
    BackgroundTask,
    FileResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    ServerSentEvent,
)


def nothing() -> None:
    """Do nothing, after the response."""


def cookies(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text and two cookies."""
    response = PlainTextResponse(TEXT)
    response.set_cookie("session", "38afes7a8", max_age=3600, httponly=True)
    response.set_cookie("theme", "dark")
    return response(environ, start_response)


def through(response_class: Callable[[Any], WSGIApplication]) -> Callable[[Any], WSGIApplication]:
    """Return what makes of a document the application that answers with it by *response_class*."""
    return lambda document: lambda env, start: response_class(document)(env, start)


to_json = JSONResponse.encoder.encode


def made(sent: Event) -> Callable[[], bytes]:
    """Return what makes an event and writes it; what has no type and no id is made without these words."""
    data, event, id = sent
    if event is None:
        return lambda: encode(ServerSentEvent(data), to_json)
    return lambda: encode(ServerSentEvent(data, event=event, id=id), to_json)


def made_before(sent: Event) -> Callable[[], bytes]:
    """Return what writes one event again and again, as to many clients."""
    event = ServerSentEvent(sent.data, event=sent.event, id=sent.id)
    return lambda: encode(event, to_json)


def as_dict(sent: Event) -> Callable[[], bytes]:
    """Return what writes an event that a view yields as a dict."""
    item = {name: value for name, value in sent._asdict().items() if value is not None}
    return lambda: encode(item, to_json)


CANDIDATE = Candidate(
    distribution="wsgiresp",
    apps={
        "text": lambda env, start: PlainTextResponse(TEXT)(env, start),
        "text + 3 headers": lambda env, start: PlainTextResponse(TEXT, headers=HEADERS)(env, start),
        "text + 2 cookies": cookies,
        "redirect": lambda env, start: RedirectResponse(TARGET)(env, start),
        "HEAD": lambda env, start: PlainTextResponse(TEXT)(env, start),
        "text + background": lambda env, start: PlainTextResponse(TEXT, background=BackgroundTask(nothing))(env, start),
    },
    json={"wsgiresp JSONResponse": through(JSONResponse), "wsgiresp ORJSONResponse": through(ORJSONResponse)},
    events={
        "wsgiresp": made,
        "wsgiresp, made before": made_before,
        "wsgiresp, a dict": as_dict,
        "wsgiresp, the text alone": lambda sent: lambda: encode(sent.data, to_json),
    },
    files={
        "wsgiresp": lambda folder: lambda env, start: FileResponse(folder + env["PATH_INFO"])(env, start),
        "wsgiresp, root=": lambda folder: (
            lambda env, start: FileResponse(env["PATH_INFO"].removeprefix("/"), root=folder)(env, start)
        ),
    },
)

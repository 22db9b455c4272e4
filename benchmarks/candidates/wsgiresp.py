"""Ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from benchmarks.candidates import Candidate
from benchmarks.cases import HEADERS, TARGET, TEXT
from wsgiresp.responses import (
    BackgroundTask,
    FileResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
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
    files={"wsgiresp": lambda folder: lambda env, start: FileResponse(folder + env["PATH_INFO"])(env, start)},
)

"""Starlette's responses, over ASGI. ``fastapi.responses`` exports the same classes."""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT
from benchmarks.harness.drive import ASGI


async def nothing() -> None:
    """Do nothing, after the response; a plain function would be sent to a thread."""


async def cookies(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the text and two cookies."""
    response = PlainTextResponse(TEXT)
    response.set_cookie("session", "38afes7a8", max_age=3600, httponly=True)
    response.set_cookie("theme", "dark")
    await response(scope, receive, send)


# An application here returns the response's own coroutine: one coroutine less than a framework needs.
CANDIDATE = Candidate(
    distribution="starlette",
    apps={
        "text": lambda scope, receive, send: PlainTextResponse(TEXT)(scope, receive, send),
        "text + 3 headers": lambda scope, receive, send: PlainTextResponse(TEXT, headers=HEADERS)(scope, receive, send),
        "text + 2 cookies": cookies,
        "redirect": lambda scope, receive, send: RedirectResponse(TARGET)(scope, receive, send),
        "HEAD": lambda scope, receive, send: PlainTextResponse(TEXT)(scope, receive, send),
        "text + background": lambda scope, receive, send: PlainTextResponse(TEXT, background=BackgroundTask(nothing))(
            scope, receive, send
        ),
    },
    json={"starlette": lambda document: lambda scope, receive, send: JSONResponse(document)(scope, receive, send)},
    files={
        "starlette": lambda folder: (
            lambda scope, receive, send: FileResponse(folder + scope["path"])(scope, receive, send)
        )
    },
    driver=ASGI,
)

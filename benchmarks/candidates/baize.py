"""baize, the nearest relative: Starlette's classes on WSGI. It has no background tasks and leaves HEAD to servers."""

from __future__ import annotations

from collections.abc import Iterable

from baize.typing import Environ, StartResponse
from baize.wsgi import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT


def cookies(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text and two cookies."""
    response = PlainTextResponse(TEXT)
    response.set_cookie("session", "38afes7a8", max_age=3600, httponly=True)
    response.set_cookie("theme", "dark")
    return response(environ, start_response)


CANDIDATE = Candidate(
    distribution="baize",
    apps={
        "text": lambda env, start: PlainTextResponse(TEXT)(env, start),
        "text + 3 headers": lambda env, start: PlainTextResponse(TEXT, headers=HEADERS)(env, start),
        "text + 2 cookies": cookies,
        "redirect": lambda env, start: RedirectResponse(TARGET)(env, start),
    },
    json={"baize": lambda document: lambda env, start: JSONResponse(document)(env, start)},
    files={"baize": lambda folder: lambda env, start: FileResponse(folder + env["PATH_INFO"])(env, start)},
)

"""werkzeug's Response. It has no JSON class: Flask's is measured for it."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.utils import redirect, send_file
from werkzeug.wrappers import Response

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT


def nothing() -> None:
    """Do nothing, after the response."""


def cookies(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text and two cookies."""
    response = Response(TEXT, mimetype="text/plain")
    response.set_cookie("session", "38afes7a8", max_age=3600, httponly=True, samesite="Lax")
    response.set_cookie("theme", "dark", samesite="Lax")
    return response(environ, start_response)


def background(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text, and call something when the body is closed."""
    response = Response(TEXT, mimetype="text/plain")
    response.call_on_close(nothing)
    return response(environ, start_response)


CANDIDATE = Candidate(
    distribution="Werkzeug",
    apps={
        "text": lambda env, start: Response(TEXT, mimetype="text/plain")(env, start),
        "text + 3 headers": lambda env, start: Response(TEXT, mimetype="text/plain", headers=HEADERS)(env, start),
        "text + 2 cookies": cookies,
        "redirect": lambda env, start: redirect(TARGET, 307)(env, start),
        "HEAD": lambda env, start: Response(TEXT, mimetype="text/plain")(env, start),
        "text + background": background,
    },
    json={},
    files={"werkzeug": lambda folder: lambda env, start: send_file(folder + env["PATH_INFO"], env)(env, start)},
)

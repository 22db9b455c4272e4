"""Flask's response objects, sent as they are; routing and contexts are in nobody's time.

But ``send_file`` works in a view only: for files the figures are those of a whole application, and ours in such a view
stands beside it. Alone, it is werkzeug's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, redirect, send_file

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT
from wsgiresp.responses import FileResponse

app = Flask(__name__)


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


def through(view: Callable[[str], Any]) -> Callable[[str], WSGIApplication]:
    """Return what makes of a folder the application with a route for its files, which *view* answers."""

    def made(folder: str) -> WSGIApplication:
        application = Flask(__name__, static_folder=None)
        application.add_url_rule("/<name>", view_func=lambda name: view(f"{folder}/{name}"))
        return application

    return made


CANDIDATE = Candidate(
    distribution="Flask",
    apps={
        "text": lambda env, start: Response(TEXT, mimetype="text/plain")(env, start),
        "text + 3 headers": lambda env, start: Response(TEXT, mimetype="text/plain", headers=HEADERS)(env, start),
        "text + 2 cookies": cookies,
        "redirect": lambda env, start: redirect(TARGET, 307, Response)(env, start),
        "HEAD": lambda env, start: Response(TEXT, mimetype="text/plain")(env, start),
        "text + background": background,
    },
    # What jsonify() does once it has found the app.
    json={"flask": lambda document: lambda env, start: app.json.response(document)(env, start)},
    files={"flask app": through(send_file), "flask app + wsgiresp": through(FileResponse)},
)

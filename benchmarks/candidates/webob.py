"""WebOb's Response, the one of Pyramid."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from webob import Response
from webob.exc import HTTPTemporaryRedirect

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT


def headers(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text and three fields; ``headerlist=`` would replace WebOb's own."""
    response = Response(TEXT, content_type="text/plain")
    response.headers.update(HEADERS)
    return response(environ, start_response)


def cookies(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text and two cookies."""
    response = Response(TEXT, content_type="text/plain")
    response.set_cookie("session", "38afes7a8", max_age=3600, httponly=True, samesite="Lax")
    response.set_cookie("theme", "dark", samesite="Lax")
    return response(environ, start_response)


CANDIDATE = Candidate(
    distribution="WebOb",
    apps={
        "text": lambda env, start: Response(TEXT, content_type="text/plain")(env, start),
        "text + 3 headers": headers,
        "text + 2 cookies": cookies,
        "redirect": lambda env, start: HTTPTemporaryRedirect(location=TARGET)(env, start),
        "HEAD": lambda env, start: Response(TEXT, content_type="text/plain")(env, start),
    },
    json={"webob": lambda document: lambda env, start: Response(json_body=document)(env, start)},
)

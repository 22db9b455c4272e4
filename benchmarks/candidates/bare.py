"""The lower bound: WSGI callables written by hand, with every constant made before the first request."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT
from benchmarks.harness.events import Event

BODY = TEXT.encode()
LENGTH = str(len(BODY))
COOKIES = [
    ("Set-Cookie", "session=38afes7a8; Max-Age=3600; HttpOnly; Path=/; SameSite=Lax"),
    ("Set-Cookie", "theme=dark; Path=/; SameSite=Lax"),
]


class Closing(tuple[bytes]):
    """A body that ends with a call, the only way PEP 3333 has to do something after the response."""

    __slots__ = ()

    def close(self) -> None:
        """Do what comes after the response: here, nothing."""


def plain(*more: tuple[str, str], body: Iterable[bytes] = (BODY,)) -> WSGIApplication:
    """Return an application that answers with the text and *more* fields."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", LENGTH), *more])
        return body

    return app


def text(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the text: what all ratios refer to."""
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "13")])
    return (BODY,)


def redirect(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Send the client elsewhere."""
    start_response("307 Temporary Redirect", [("Location", TARGET), ("Content-Length", "0")])
    return ()


def encoded(document: Any) -> WSGIApplication:
    """Return an application that encodes *document* with the standard library on each request."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = json.dumps(document).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return (body,)

    return app


def file(folder: str) -> WSGIApplication:
    """Return an application that sends a small file: the least that has to be asked of the system."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        descriptor = os.open(folder + environ["PATH_INFO"], os.O_RDONLY)
        try:
            length = os.fstat(descriptor).st_size
            start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
            return (os.read(descriptor, length),)
        finally:
            os.close(descriptor)

    return app


def event(sent: Event) -> Callable[[], bytes]:
    """Return what writes an event whose lines were parted before: an f-string, the least that makes bytes of text."""
    head = (f"event: {sent.event}\n" if sent.event else "") + (f"id: {sent.id}\n" if sent.id else "")
    lines = "\ndata: ".join(re.split("\r\n|\r|\n", sent.data))
    return lambda: f"{head}data: {lines}\n\n".encode()


JSON: dict[str, Callable[[Any], WSGIApplication]] = {"bare + json.dumps": encoded}

CANDIDATE = Candidate(
    distribution=None,
    apps={
        "text": text,
        "text + 3 headers": plain(*HEADERS.items()),
        "text + 2 cookies": plain(*COOKIES),
        "redirect": redirect,
        "HEAD": plain(body=()),
        "text + background": plain(body=Closing((BODY,))),
    },
    json=JSON,
    files={"bare": file},
    events={"bare": event},
)

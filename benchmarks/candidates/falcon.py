"""Falcon: a whole application, since its response cannot be sent without one. Request and routing are in its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import falcon

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT

Responder = Callable[[falcon.Request, falcon.Response], None]


def app(responder: Responder) -> Any:
    """Return an application with *responder* for GET and HEAD of its one route."""

    class Resource:
        def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
            responder(request, response)

        on_head = on_get

    application = falcon.App()
    application.add_route("/", Resource())
    return application


def text(request: falcon.Request, response: falcon.Response) -> None:
    """Answer with the text."""
    response.content_type = falcon.MEDIA_TEXT
    response.text = TEXT


def headers(request: falcon.Request, response: falcon.Response) -> None:
    """Answer with the text and three fields."""
    text(request, response)
    response.set_headers(HEADERS)


def cookies(request: falcon.Request, response: falcon.Response) -> None:
    """Answer with the text and two cookies."""
    text(request, response)
    response.set_cookie("session", "38afes7a8", max_age=3600, path="/", secure=False, http_only=True, same_site="Lax")
    response.set_cookie("theme", "dark", path="/", secure=False, http_only=False, same_site="Lax")


def redirect(request: falcon.Request, response: falcon.Response) -> None:
    """Send the client elsewhere."""
    raise falcon.HTTPTemporaryRedirect(TARGET)


def media(document: Any) -> Any:
    """Return the application that answers with *document*."""

    def responder(request: falcon.Request, response: falcon.Response) -> None:
        response.media = document

    return app(responder)


CANDIDATE = Candidate(
    distribution="falcon",
    apps={
        "text": app(text),
        "text + 3 headers": app(headers),
        "text + 2 cookies": app(cookies),
        "redirect": app(redirect),
        "HEAD": app(text),
    },
    json={"falcon": media},
)

"""Litestar's ASGIResponse, and its JSON by msgspec; what its router does before and after is in nobody's time.

The router, not the response, makes an answer to HEAD of one to GET: that case is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from litestar import MediaType
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie
from litestar.response.base import ASGIResponse
from litestar.response.redirect import ASGIRedirectResponse
from litestar.response.sse import ServerSentEventMessage
from litestar.serialization import encode_json

from benchmarks.candidates import Candidate
from benchmarks.harness.cases import HEADERS, TARGET, TEXT
from benchmarks.harness.drive import ASGI, ASGIApplication
from benchmarks.harness.events import Event


async def nothing() -> None:
    """Do nothing, after the response; a plain function would be sent to a thread."""


def sent(make: Callable[[], ASGIResponse]) -> ASGIApplication:
    """Return the application that answers with what *make* returns."""
    return lambda scope, receive, send: make()(scope, receive, send)


def cookies() -> ASGIResponse:
    """Return the text and two cookies."""
    return ASGIResponse(
        body=TEXT,
        media_type=MediaType.TEXT,
        cookies=(Cookie("session", value="38afes7a8", max_age=3600, httponly=True), Cookie("theme", value="dark")),
    )


def made(sent: Event) -> Callable[[], bytes]:
    """Return what makes an event and writes it; what has no type and no id is made without these words."""
    data, event, id = sent
    if event is None:
        return lambda: ServerSentEventMessage(data).encode()
    return lambda: ServerSentEventMessage(data, event=event, id=id).encode()


CANDIDATE = Candidate(
    distribution="litestar",
    apps={
        "text": sent(lambda: ASGIResponse(body=TEXT, media_type=MediaType.TEXT)),
        "text + 3 headers": sent(lambda: ASGIResponse(body=TEXT, media_type=MediaType.TEXT, headers=HEADERS)),
        "text + 2 cookies": sent(cookies),
        "redirect": sent(lambda: ASGIRedirectResponse(TARGET, status_code=307)),
        "text + background": sent(
            lambda: ASGIResponse(body=TEXT, media_type=MediaType.TEXT, background=BackgroundTask(nothing))
        ),
    },
    json={"litestar": lambda document: sent(lambda: ASGIResponse(body=encode_json(document)))},
    events={
        "litestar": made,
        "litestar, made before": lambda sent: ServerSentEventMessage(sent.data, sent.event, sent.id).encode,
    },
    driver=ASGI,
)

"""Responses that need descriptors, for a worker that runs out of them: see ``test_no_descriptors.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp.responses import EventSourceResponse, FileResponse, JSONLinesResponse, Response

HERE = Path(__file__)


def rows() -> Iterator[int]:
    yield from (1, 2, 3)


async def rows_there() -> AsyncIterator[int]:
    for row in (1, 2, 3):
        yield row


ROUTES: dict[str, Callable[[], Response]] = {
    "/rows": lambda: JSONLinesResponse(rows()),
    "/async-rows": lambda: JSONLinesResponse(rows_there()),
    "/events": lambda: EventSourceResponse(rows(), ping=0),
    "/pinged-events": lambda: EventSourceResponse(rows(), ping=15, max_age=60),
    "/file": lambda: FileResponse(HERE),
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one of the routes."""
    return ROUTES[environ["PATH_INFO"]]()(environ, start_response)

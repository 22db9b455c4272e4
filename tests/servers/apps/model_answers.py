"""Answers that cannot be asked for again, and events that can, while the worker stops: see ``test_worker_stop.py``."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, PlainTextResponse, Response, StreamingResponse

logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s: %(message)s")

TOKENS = int(os.environ.get("TOKENS", "8"))
PAUSE = float(os.environ.get("PAUSE", "0.2"))  # s between two tokens


def tokens() -> Iterator[str]:
    for number in range(TOKENS):
        yield f"token-{number}"
        time.sleep(PAUSE)


async def tokens_later() -> AsyncIterator[str]:
    for number in range(TOKENS):
        yield f"token-{number}"
        await asyncio.sleep(PAUSE)


def framed() -> Iterator[str]:
    return (f"data: {token}\n\n" for token in tokens())


class Resumable(JSONLinesResponse):
    resumable = True


ROUTES: dict[str, Callable[[], Response]] = {
    "text": lambda: PlainTextResponse("text\n"),
    "events": lambda: EventSourceResponse(tokens()),
    "async-events": lambda: EventSourceResponse(tokens_later()),
    "kept-events": lambda: EventSourceResponse(tokens_later(), resumable=False),
    "resumed-events": lambda: EventSourceResponse(tokens_later(), resumable=True),
    "lines": lambda: JSONLinesResponse(tokens()),
    "async-lines": lambda: JSONLinesResponse(tokens_later()),
    "resumed-lines": lambda: Resumable(tokens_later()),
    "framed": lambda: StreamingResponse(framed(), media_type="text/event-stream"),
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
    """Answer ``/route``."""
    return ROUTES[environ["PATH_INFO"].lstrip("/")]()(environ, start_response)

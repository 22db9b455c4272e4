"""Every class of response, each with a cookie and a task after it: see ``test_matrix.py``."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    ServerSentEvent,
    StreamingResponse,
    UJSONResponse,
)

log = logging.getLogger("matrix")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

DOCUMENT = {"price": Decimal("1.10"), "day": date(2024, 2, 29), "name": "Grüße"}
FILE = Path(__file__).parents[3] / "examples" / "data" / "weather.csv"


def some_chunks() -> Iterator[Any]:
    yield "Grüße\n"
    yield b""
    yield memoryview(b"\x00\xff\r\n")
    yield b"0123456789abcdef" * 16384


def some_lines() -> Iterator[Any]:
    yield {"price": Decimal("1.10"), "day": date(2024, 2, 29)}
    yield "Grüße"
    yield None


def some_events() -> Iterator[Any]:
    yield "plain\ntext"
    yield {"data": {"price": Decimal("1.10")}, "event": "price", "id": "1"}
    yield ServerSentEvent("Grüße", id="ü", retry=10, comment="one\ntwo")
    yield [1, None]


async def in_the_loop(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


CLASSES: dict[str, Callable[[], Response]] = {
    "str": lambda: Response("Grüße\n"),
    "bytes": lambda: Response(b"\x00\xff\r\n"),
    "text": lambda: PlainTextResponse("Grüße\n"),
    "html": lambda: HTMLResponse("<h1>ü</h1>"),
    "json": lambda: JSONResponse(DOCUMENT),
    "orjson": lambda: ORJSONResponse(DOCUMENT),
    "ujson": lambda: UJSONResponse(DOCUMENT),
    "redirect": lambda: RedirectResponse("/a b/ü?q=1"),
    "no-content": lambda: Response(status_code=204),
    "file": lambda: FileResponse(FILE, filename="wetter.csv"),
    "file-object": lambda: FileResponse(FILE.open("rb"), media_type="image/png"),
    "chunks": lambda: StreamingResponse(some_chunks()),
    "async-chunks": lambda: StreamingResponse(in_the_loop(some_chunks())),
    "stream-of-a-file": lambda: StreamingResponse(io.BytesIO(b"0123456789abcdef" * 16384), media_type="text/csv"),
    "empty-stream": lambda: StreamingResponse([]),
    "lines": lambda: JSONLinesResponse(some_lines()),
    "async-lines": lambda: JSONLinesResponse(in_the_loop(some_lines())),
    "events": lambda: EventSourceResponse(some_events(), retry=3000),
    "async-events": lambda: EventSourceResponse(in_the_loop(some_events()), retry=3000),
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/class/word``: the word is the cookie, and what the task logs."""
    name, word = environ["PATH_INFO"].lstrip("/").split("/")
    response = CLASSES[name]()
    response.set_cookie("word", word)
    response.background = BackgroundTask(log.info, "done %s", word)
    return response(environ, start_response)

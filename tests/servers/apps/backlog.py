"""Streams of a gigabyte that count what is made and what the server takes: see ``test_stream_backlog.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent

from wsgiresp.responses import EventSourceResponse, JSONResponse, Response, StreamingResponse

GIGABYTE = 10**9
TICK = 0.25  # s


class Meter:
    """What is made of a stream, what the server has taken, and the most that was in between; in bytes."""

    def __init__(self) -> None:
        self.made = self.taken = self.most = 0

    def make(self, size: int) -> bytes:
        """Return *size* new bytes: not the same object again, or they would take no memory."""
        self.made += size
        self.most = max(self.most, self.made - self.taken)
        return bytes(size)


class Taken:
    """The chunks of *body*, counted when the server asks for them."""

    def __init__(self, body: Any, meter: Meter) -> None:
        self._body = body
        self._meter = meter
        self.close: Callable[[], None] = body.close

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            self._meter.taken += len(chunk)
            yield chunk


meters: dict[str, Meter] = {}


def made(meter: Meter, size: int) -> Iterator[bytes]:
    while meter.made < GIGABYTE:
        yield meter.make(size)


async def made_there(meter: Meter, size: int) -> AsyncIterator[bytes]:
    while meter.made < GIGABYTE:
        yield meter.make(size)


def ticks() -> Iterator[str]:
    while True:
        yield "tick"
        gevent.sleep(TICK)


def metered(source: str, size: str, word: str) -> Response:
    meter = meters[word] = Meter()
    return StreamingResponse((made_there if source == "async" else made)(meter, int(size)))


ROUTES: dict[str, Callable[..., Response]] = {
    "metered": metered,
    "meters": lambda: JSONResponse({word: vars(meter) for word, meter in meters.items()}),
    "ticks": lambda: EventSourceResponse(ticks()),
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/route/word...``."""
    route, *words = environ["PATH_INFO"].lstrip("/").split("/")
    body = ROUTES[route](*words)(environ, start_response)
    return Taken(body, meters[words[-1]]) if route == "metered" else body

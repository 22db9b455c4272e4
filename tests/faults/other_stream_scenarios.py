"""Scenarios of streams that need more than a source: dropped bodies, ``around``, threads, the body of the request."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from faults.parts import Record
from faults.primitives import user_part
from faults.scenarios import add, finish_all
from faults.stream_scenarios import CHUNKS, EVENTS, LARGE, anything, events, has_finished, stream

from wsgiresp.background import BackgroundTask
from wsgiresp.responses import EventSourceResponse, StreamingResponse

_PARTS = 4  # reads of the body of the request, one before each step of the source
_BODY = b"part" * _PARTS
_MANY = ["x" * 50_000] * 3  # more than the smallest buffers of a connection take
_BETWEEN = b"\n\nthe second stream\n\n"


def add_all() -> None:
    """Add the scenarios."""
    for kind, is_async in (("sync", False), ("async", True)):
        small, large = stream(CHUNKS, is_async=is_async), stream(LARGE, is_async=is_async)
        add(f"stream, {kind}, dropped at its end", small, b"".join(CHUNKS), drops=True)
        add(f"stream, {kind}, dropped early", large, anything, stop_after=1, drops=True)
        add(f"stream, {kind}, around", _around(is_async), b"".join(CHUNKS))
        add(f"events, {kind}, two streams, worker stops", _pair(is_async), _both_have_finished, act=finish_all)
        add(f"events, {kind}, client takes nothing", _stuck(is_async), anything, reads=False)
    add("stream, async, in a thread of the executor", _in_executor, b"".join(CHUNKS))
    add("stream, async, reads the request", _reading, b"".join(CHUNKS), CONTENT_LENGTH=str(len(_BODY)))


def _around(is_async: bool) -> Any:
    def respond(record: Record) -> Any:
        response = StreamingResponse(record.source(CHUNKS, is_async=is_async), background=BackgroundTask(record.task()))
        response.around = record.around()  # type: ignore[method-assign]  # mypy takes the attribute for a method
        return response

    return respond


def _stuck(is_async: bool) -> Any:
    def respond(record: Record) -> Any:
        source = record.source(_MANY, is_async=is_async)
        return EventSourceResponse(source, background=BackgroundTask(record.task()), send_timeout=0.05)

    return respond


def _in_executor(record: Record) -> Any:
    source = record.source(CHUNKS, is_async=True, wait=lambda: asyncio.to_thread(user_part, "content.call"))
    return StreamingResponse(source, background=BackgroundTask(record.task()))


def _reading(record: Record) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        environ["wsgi.input"] = _Input(_BODY)

        async def read() -> None:
            environ["wsgi.input"].read(len(_BODY) // _PARTS)

        source = record.source(CHUNKS, is_async=True, wait=read)
        return StreamingResponse(source, background=BackgroundTask(record.task()))(environ, start_response)

    return app


class _Input(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        user_part("input.read")
        return super().read(size)


def _pair(is_async: bool) -> Any:
    def respond(record: Record) -> Any:
        source = record.source(EVENTS, is_async=is_async, is_endless=True)
        first = partial(events(is_async, True, ping=0.05), record)
        return _Pair(first, lambda: EventSourceResponse(source, ping=0.05))

    return respond


class _Pair:
    """Two responses to one request: the second is made and begun before the first, and sent after it."""

    def __init__(self, first: Callable[[], Any], second: Callable[[], Any]) -> None:
        self._first = first
        self._second = second
        self._bodies: list[Any] = []

    def __call__(self, environ: Any, start_response: Any) -> _Pair:
        self._bodies.append(self._second()(environ, lambda status, headers: None))
        try:
            self._bodies.append(self._first()(environ, start_response))
        except BaseException:
            self.close()
            raise
        return self

    def __iter__(self) -> Iterator[bytes]:
        second, first = self._bodies
        yield from first
        yield _BETWEEN
        yield from second

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            for body in self._bodies:
                stack.callback(body.close)


def _both_have_finished(body: bytes) -> bool:
    return all(map(has_finished, body.split(_BETWEEN))) and _BETWEEN in body

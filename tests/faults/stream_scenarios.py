"""Scenarios of streams, each with a synchronous and with an asynchronous source."""

from __future__ import annotations

from typing import Any

from faults.parts import Record
from faults.primitives import user_part
from faults.scenarios import abort_all, add, add_on_loop, finish_all, leave

from wsgiresp.background import BackgroundTask
from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, StreamingResponse

CHUNKS = [b"first|", b"second|", b"third|"]
LARGE = [bytes([65 + n]) * 40_000 for n in range(8)]
ROWS = [{"row": n} for n in range(3)]
LINES = b'{"row":0}\n{"row":1}\n{"row":2}\n'
EVENTS = ["one", "two", "three"]


def add_all() -> None:
    """Add the scenarios."""
    for kind, is_async in (("sync", False), ("async", True)):
        _add_streams(kind, is_async)
        _add_events(kind, is_async)
    _add_on_loop()


def stream(items: list[bytes], **source: Any) -> Any:
    def respond(record: Record) -> Any:
        response = StreamingResponse(
            record.source(items, **source), background=BackgroundTask(record.task()), media_type="text/plain"
        )
        response.call_on_close(record.step())
        return response

    return respond


def lines(is_async: bool) -> Any:
    return lambda record: JSONLinesResponse(
        record.source(ROWS, is_async=is_async), background=BackgroundTask(record.task())
    )


def events(is_async: bool, is_endless: bool = False, **options: Any) -> Any:
    def respond(record: Record) -> Any:
        response = EventSourceResponse(
            record.source(EVENTS, is_async=is_async, is_endless=is_endless),
            background=BackgroundTask(record.task()),
            **options,
        )
        response.call_on_close(record.step())
        return response

    return respond


def called(is_async: bool) -> Any:
    def respond(record: Record) -> Any:
        def content(last_event_id: str | None) -> Any:
            user_part("content.call")
            return record.source(EVENTS, is_async=is_async)

        return EventSourceResponse(content, background=BackgroundTask(record.task()))

    return respond


def has_events(body: bytes) -> bool:
    """Return whether *body* has all events, with whatever pings are between them."""
    return all(f"data: {event}\n\n".encode() in body for event in EVENTS)


def has_finished(body: bytes) -> bool:
    """Return whether *body* ends with the closing bytes."""
    return body.endswith(b"\n") and body.rstrip(b"\n").rpartition(b"\n")[2].startswith(b"retry: ")


def anything(body: bytes) -> bool:
    """A client that has left, or whose body was left, gets what it gets."""
    return True


def never(body: bytes) -> bool:
    """A body that must not end well."""
    return False


def _add_streams(kind: str, is_async: bool) -> None:
    small, large = stream(CHUNKS, is_async=is_async), stream(LARGE, is_async=is_async)
    endless = stream(CHUNKS, is_async=is_async, is_endless=True)
    add(f"stream, {kind}, to the end", small, b"".join(CHUNKS))
    add(f"stream, {kind}, large chunks", large, b"".join(LARGE))
    add(f"stream, {kind}, closed early", large, anything, stop_after=1)
    add(f"stream, {kind}, client leaves", endless, anything, act=leave)
    add(f"stream, {kind}, HTTP/1.0", small, b"".join(CHUNKS), SERVER_PROTOCOL="HTTP/1.0")
    add(f"stream, {kind}, worker aborts", endless, never, act=abort_all)
    add(f"stream, {kind}, opaque connection, worker aborts", endless, never, act=abort_all, is_opaque=True)
    add(f"stream, {kind}, HTTP/1.0, worker aborts", endless, never, act=abort_all, SERVER_PROTOCOL="HTTP/1.0")
    add(f"JSON lines, {kind}", lines(is_async), LINES)


def _add_events(kind: str, is_async: bool) -> None:
    add(f"events, {kind}, to the end", events(is_async), has_events)
    add(f"events, {kind}, ping", events(is_async, True, ping=0.02, max_age=0.1), has_finished)
    add(f"events, {kind}, of a callable", called(is_async), has_events)
    add(f"events, {kind}, client leaves", events(is_async, True, ping=0.05), anything, act=leave)
    add(f"events, {kind}, send_timeout", events(is_async, send_timeout=5), has_events)
    add(f"events, {kind}, worker stops", events(is_async, True, ping=0.05), has_finished, act=finish_all)
    add(f"events, {kind}, worker aborts", events(is_async, True, ping=0.05), never, act=abort_all)


def _add_on_loop() -> None:
    small, large = stream(CHUNKS, is_async=True), stream(LARGE, is_async=True)
    endless = stream(CHUNKS, is_async=True, is_endless=True)
    add_on_loop("stream, async, to the end", small, b"".join(CHUNKS))
    add_on_loop("stream, async, closed on the loop", small, b"".join(CHUNKS), closes_on_loop=True)
    add_on_loop("stream, async, closed early", large, anything, stop_after=1)
    add_on_loop("stream, async, client leaves", endless, anything, leaves=True)
    add_on_loop("JSON lines, async", lines(True), LINES)
    add_on_loop("events, async, to the end", events(True), has_events)
    add_on_loop("events, async, ping", events(True, True, ping=0.02, max_age=0.1), has_finished)

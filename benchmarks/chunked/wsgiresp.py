"""Ours. With pings: the machinery of an event stream, without the encoding of events."""

from __future__ import annotations

from wsgiresp.responses import EventSourceResponse, StreamingResponse

from . import OURS, PINGED, chunks, chunks_later


class Pinged(EventSourceResponse):
    """Chunks as they are, with all that an event stream has beside its events: preamble, pings, closing bytes."""

    def render_chunk(self, chunk: bytes) -> bytes:
        return chunk


APPS = {
    OURS: lambda env, start: StreamingResponse(chunks(env["PATH_INFO"]))(env, start),
    PINGED: lambda env, start: Pinged(chunks(env["PATH_INFO"]))(env, start),
    "wsgiresp, async source": lambda env, start: StreamingResponse(chunks_later(env["PATH_INFO"]))(env, start),
}

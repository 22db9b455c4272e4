"""FastAPI's own events, which only a view of a whole application can send."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import FastAPI, routing
from fastapi.sse import EventSourceResponse

from benchmarks.harness.drive import ASGIApplication

from . import STREAM, Listeners, asgi
from .tasks import listen


def app(ping: float) -> ASGIApplication:
    """Return the application; *ping* in seconds."""
    # There is no public way to change these 15 seconds.
    assert hasattr(routing, "_PING_INTERVAL")
    routing._PING_INTERVAL = ping
    listeners = Listeners()
    application = FastAPI()

    @application.get(STREAM, response_class=EventSourceResponse, response_model=None)
    async def events() -> AsyncIterator[str]:
        async for data in listen(listeners):
            yield data

    return asgi(application, listeners.tell)

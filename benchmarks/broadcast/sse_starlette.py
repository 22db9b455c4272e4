"""sse-starlette, the one that Starlette and FastAPI have long been used with."""

from __future__ import annotations

from sse_starlette import EventSourceResponse

from benchmarks.harness.drive import ASGIApplication

from . import Listeners, asgi
from .tasks import listen


def app(ping: float) -> ASGIApplication:
    """Return the application; *ping* in seconds."""
    listeners = Listeners()
    return asgi(
        lambda scope, receive, send: EventSourceResponse(listen(listeners), ping=ping)(scope, receive, send),
        listeners.tell,
    )

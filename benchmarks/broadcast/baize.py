"""baize, which has threads for ten streams in a process."""

from __future__ import annotations

from collections.abc import Iterator
from wsgiref.types import WSGIApplication

from baize.typing import ServerSentEvent
from baize.wsgi import SendEventResponse

from . import Listeners, wsgi
from .greenlets import listen


def app(ping: float) -> WSGIApplication:
    """Return the application; *ping* in seconds."""
    listeners = Listeners()
    return wsgi(lambda env, start: SendEventResponse(events(listeners), ping_interval=ping)(env, start), listeners.tell)


def events(listeners: Listeners) -> Iterator[ServerSentEvent]:
    """Return the events for one of *listeners*, until it is closed."""
    for data in listen(listeners):
        yield {"data": data}

"""Ours."""

from __future__ import annotations

from wsgiref.types import WSGIApplication

from wsgiresp.responses import EventSourceResponse

from . import Listeners, wsgi
from .greenlets import listen


def app(ping: float) -> WSGIApplication:
    """Return the application; *ping* in seconds."""
    listeners = Listeners()
    return wsgi(lambda env, start: EventSourceResponse(listen(listeners), ping=ping)(env, start), listeners.tell)

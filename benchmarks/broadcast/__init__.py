"""One event to all who listen, as the users of each framework write it: one module for each.

Each has a queue of its own, and a generator that waits on it. Beside the events themselves, at ``/events``, a server
answers to ``/listeners``, with how many there are, and to ``/publish/20``, for which it sends 20 events to each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from benchmarks.harness.drive import ASGIApplication

MARK = "|"  # once in each event, and in nothing else that is sent
EVENT = "x" * 99 + MARK
STREAM = "/events"
LISTENERS = "/listeners"

Tell = Callable[[str], int]
"""Does what a path other than that of the events asks for, and returns how many listen."""


def publish_path(events: int) -> str:
    """Return the path that sends *events* to each who listens."""
    return f"/publish/{events}"


def published(path: str) -> int:
    """Return how many events *path* sends to each: 0 for one that only asks."""
    return int(path.rpartition("/")[2]) if path.startswith("/publish/") else 0


class Listeners:
    """The queues of those who listen, of any kind that has ``put_nowait``."""

    def __init__(self) -> None:
        self.queues: set[Any] = set()

    def tell(self, path: str) -> int:
        """Do what *path* asks for, and return how many listen."""
        for _ in range(published(path)):
            for queue in self.queues:
                queue.put_nowait(EVENT)
        return len(self.queues)


def wsgi(events: WSGIApplication, tell: Tell) -> WSGIApplication:
    """Return the application whose events are those of *events*; *tell* is for all other paths."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == STREAM:
            return events(environ, start_response)
        body = str(tell(path)).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return app


def asgi(events: ASGIApplication, tell: Tell) -> ASGIApplication:
    """Return the application whose events are those of *events*; *tell* is for all other paths."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == STREAM:
            await events(scope, receive, send)
            return
        body = str(tell(scope["path"])).encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app

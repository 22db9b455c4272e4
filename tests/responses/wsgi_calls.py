"""Calls of a response as a WSGI server makes them, with the recorded answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """What a response gave for one request: the status line, the fields, the chunks; ``body`` is still to be closed."""

    status: str
    headers: list[tuple[str, str]]
    iterable: Any
    chunks: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known.lower() == name.lower()]

    def close(self) -> None:
        close = getattr(self.iterable, "close", None)
        if close is not None:
            close()


def environ(method: str = "GET", **more: Any) -> dict[str, Any]:
    """The environ of a request; header fields as ``HTTP_RANGE="bytes=0-"``."""
    server = {"SERVER_NAME": "a.example", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    return {"REQUEST_METHOD": method, "PATH_INFO": "/", **server, **more}


def start(response: Any, method: str = "GET", **more: Any) -> Answer:
    """Call *response* and do not yet iterate what it returns."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    iterable = response(
        environ(method, **more), lambda status, headers, exc_info=None: started.append((status, headers))
    )
    ((status, headers),) = started
    return Answer(status, headers, iterable)


def call(response: Any, method: str = "GET", **more: Any) -> Answer:
    """Call *response*, read its body to the end, and close it."""
    answer = start(response, method, **more)
    answer.chunks = list(answer.iterable)
    answer.close()
    return answer
